// A stock discordgo bot. It obeys each line of its standard input and answers with one JSON line.
// Arguments: API base address, gateway address (which the library asks the API for), token, shard, number of shards.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// order is one line of standard input; each order reads the fields that it needs.
type order struct {
	Order   string
	Guild   string
	Channel string
	User    string
	Role    string
	ID      string
	IDs     []string
	Content string
	Name    string
	Reason  string
	Allow   int64
	Deny    int64
	Number  int
	Status  string
}

type fields map[string]any

var (
	speaking   sync.Mutex
	connection net.Conn // The newest connection, so that a test can lose it.
)

func say(event string, data fields) {
	data["event"] = event
	line, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	speaking.Lock()
	defer speaking.Unlock()
	fmt.Println(string(line))
}

// pointAt gives the library another server. The library computes its addresses from one another at start, so each one that
// requests use is set again; the functions read them when they are called.
func pointAt(base string) {
	api := base + "/api/v" + discordgo.APIVersion + "/"
	discordgo.EndpointDiscord, discordgo.EndpointAPI = base+"/", api
	discordgo.EndpointGuilds, discordgo.EndpointGuildCreate = api+"guilds/", api+"guilds"
	discordgo.EndpointChannels, discordgo.EndpointUsers = api+"channels/", api+"users/"
	discordgo.EndpointGateway, discordgo.EndpointGatewayBot = api+"gateway", api+"gateway/bot"
	discordgo.EndpointWebhooks, discordgo.EndpointApplications = api+"webhooks/", api+"applications"
	discordgo.EndpointOAuth2, discordgo.EndpointOAuth2Applications = api+"oauth2/", api+"oauth2/applications"
	discordgo.EndpointVoice, discordgo.EndpointVoiceRegions = api+"voice/", api+"voice/regions"
	discordgo.EndpointStickers, discordgo.EndpointNitroStickersPacks = api+"stickers/", api+"sticker-packs"
	discordgo.EndpointStageInstances, discordgo.EndpointSKUs = api+"stage-instances", api+"skus"
}

func main() {
	pointAt(os.Args[1])
	session, err := discordgo.New("Bot " + os.Args[3])
	if err != nil {
		panic(err)
	}
	session.ShardID, _ = strconv.Atoi(os.Args[4])
	session.ShardCount, _ = strconv.Atoi(os.Args[5])
	session.SyncEvents = true // events are told in their order
	session.Identify.Intents = discordgo.IntentsAll
	session.Dialer = &websocket.Dialer{NetDial: dial}
	listen(session)
	if err := session.Open(); err != nil {
		say("refused", fields{"text": err.Error()})
		os.Exit(1)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var given order
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			panic(err)
		}
		answer, err := orders[given.Order](session, given)
		if err != nil {
			say("failed", describe(given, err))
			continue
		}
		if answer == nil {
			answer = fields{}
		}
		say("done", answer)
	}
	session.Close()
}

func dial(network, address string) (net.Conn, error) {
	made, err := net.Dial(network, address)
	connection = made
	return made, err
}

// describe returns the parts of an error that a program can see.
func describe(given order, err error) fields {
	described := fields{"order": given.Order, "text": err.Error()}
	var refused *discordgo.RESTError
	if errors.As(err, &refused) {
		described["status"] = refused.Response.StatusCode
		if refused.Message != nil {
			described["code"] = refused.Message.Code
			described["message"] = refused.Message.Message
		}
	}
	return described
}
