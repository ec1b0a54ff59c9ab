import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import javax.net.SocketFactory;

import com.neovisionaries.ws.client.WebSocketFactory;
import net.dv8tion.jda.api.exceptions.ErrorResponseException;
import net.dv8tion.jda.api.requests.GatewayIntent;
import net.dv8tion.jda.api.requests.RestConfig;
import net.dv8tion.jda.api.sharding.DefaultShardManagerBuilder;
import net.dv8tion.jda.api.sharding.ShardManager;
import net.dv8tion.jda.api.utils.ConcurrentSessionController;
import net.dv8tion.jda.api.utils.cache.CacheFlag;
import net.dv8tion.jda.api.utils.data.DataObject;
import net.dv8tion.jda.internal.utils.JDALogger;

/**
 * A stock JDA bot. It obeys each line of its standard input and answers with one JSON line.
 *
 * <p>Arguments: API base address, gateway address, token, shard, number of shards. The library asks the API for the gateway's
 * address when it starts, and its session controller when it comes back after the server was away.
 */
public final class Bot {
    private static volatile Socket connection;

    private Bot() {}

    public static void main(String[] arguments) throws IOException {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
        JDALogger.setFallbackLoggerEnabled(false);
        ShardManager shards = DefaultShardManagerBuilder.create(arguments[2], EnumSet.allOf(GatewayIntent.class))
                .setRestConfig(new RestConfig().setBaseUrl(arguments[0] + "/api/v10/"))
                .setSessionController(new ConcurrentSessionController() {
                    @Override
                    public String getGateway() {
                        return arguments[1];
                    }
                })
                .setShardsTotal(Integer.parseInt(arguments[4]))
                .setShards(Integer.parseInt(arguments[3]))
                .enableCache(EnumSet.allOf(CacheFlag.class))
                .setBulkDeleteSplittingEnabled(false)
                .setWebsocketFactory(new WebSocketFactory().setSocketFactory(new RememberedSockets()))
                .addEventListeners(new Events())
                .build();
        Orders orders = new Orders(shards);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            DataObject order = DataObject.fromJson(line);
            try {
                say("done", orders.follow(order));
            } catch (RuntimeException error) {
                say("failed", describe(order, error));
            }
        }
        shards.shutdown();
    }

    static synchronized void say(String event, DataObject fields) {
        System.out.println(fields.put("event", event));
    }

    /** Lose the newest connection to the gateway, as a broken network does. */
    static void cut() {
        try {
            connection.close();
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    /** The parts of an error that a program can see. */
    private static DataObject describe(DataObject order, RuntimeException error) {
        DataObject described = DataObject.empty().put("order", order.getString("order")).put("text", error.toString());
        if (error instanceof ErrorResponseException refused) {
            described.put("status", refused.getResponse().code)
                    .put("code", refused.getErrorCode())
                    .put("message", refused.getMeaning())
                    .put("error", refused.getErrorResponse().name())
                    .put("wrong", refused.getSchemaErrors().toString());
        }
        return described;
    }

    private static final class RememberedSockets extends SocketFactory {
        @Override
        public Socket createSocket() {
            connection = new Socket();
            return connection;
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return remembered(new Socket(host, port));
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return remembered(new Socket(host, port));
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
            return remembered(new Socket(host, port, local, localPort));
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
            return remembered(new Socket(host, port, local, localPort));
        }

        private static Socket remembered(Socket socket) {
            connection = socket;
            return socket;
        }
    }
}
