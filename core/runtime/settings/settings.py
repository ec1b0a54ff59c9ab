"""The operator's settings: one frozen Struct per section, each option with its default and its bounds.

A component gets its section and nothing else. `core.runtime.settings.configuration` reads the values (file,
environment, flags). `deploy/guildway.example.toml` has the meaning and an example of each option, and a test keeps the
two alike. Options carry their unit in their name.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core.runtime.settings.setting_checks import (
    check_address_or_none,
    check_gateway_url,
    check_host,
    check_host_or_none,
    check_hosts,
    check_http_url,
    check_listening_host,
    check_networks,
    check_path,
    check_plain_networks,
    check_postgres_url,
    check_redis_url,
    check_stun_urls,
    check_turn_urls,
)

CHECK: Final = "check"
"""The key in a type's `Meta.extra` of a function that takes the value and raises ValueError."""
_YEAR_S: Final = 31_536_000

Port = Annotated[int, Meta(ge=0, le=65535)]
"""A port. 0 lets the system choose a free one."""
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Bytes = Annotated[int, Meta(ge=1024, le=2**31 - 1)]
"""Numbers that fit the integers of the kernels and the system."""
Seconds = Annotated[float, Meta(ge=0, le=_YEAR_S)]
PositiveSeconds = Annotated[float, Meta(gt=0, le=_YEAR_S)]
Host = Annotated[str, Meta(extra={CHECK: check_host})]
ListeningHost = Annotated[str, Meta(extra={CHECK: check_listening_host})]
"""Where a listener is: an address, or `unix:` with the path of a Unix socket."""
SocketMode = Annotated[str, Meta(pattern="^0[0-7]{3}$")]
"""Permissions in octal digits. As a number, 660 in the environment would not be 0o660."""
Networks = Annotated[tuple[str, ...], Meta(extra={CHECK: check_networks})]
GatewayUrl = Annotated[str, Meta(extra={CHECK: check_gateway_url})]
NetworksOnly = Annotated[tuple[str, ...], Meta(extra={CHECK: check_plain_networks})]
Ports = Annotated[tuple[Annotated[int, Meta(ge=1, le=65535)], ...], Meta(min_length=1)]
Login = Annotated[str, Meta(pattern=r"^[^\x00]*$")]
"""A user's name, or a password. A NUL separates them on their way."""


class ApiSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The REST API."""

    host: ListeningHost = "0.0.0.0"  # noqa: S104 - others must reach the server; operators narrow it
    port: Port = 8080
    socket_mode: SocketMode = "0660"
    max_json_bytes: Bytes = 1_048_576
    connections_per_address: Count = 1000
    trusted_proxies: Networks = ()
    password_memory_kib: Annotated[int, Meta(ge=7168, le=4_194_304)] = 19_456
    password_passes: Annotated[int, Meta(ge=1, le=100)] = 2


class GatewaySettings(msgspec.Struct, kw_only=True, frozen=True):
    """The WebSocket gateway."""

    host: ListeningHost = "0.0.0.0"  # noqa: S104 - as for the API
    port: Port = 8081
    socket_mode: SocketMode = "0660"
    on_api_port: bool = False
    transport: Literal["auto", "native", "picows"] = "auto"
    public_url: GatewayUrl = ""
    resume_url: GatewayUrl = ""
    heartbeat_interval_s: Annotated[float, Meta(ge=0.1, le=_YEAR_S)] = 41.25
    heartbeat_jitter_s: Seconds = 3.75
    heartbeat_timeout_factor: Annotated[float, Meta(ge=1, le=1000)] = 1.5
    identify_timeout_s: PositiveSeconds = 30.0
    identify_concurrency: Count = 16
    identify_window_s: Seconds = 5.0
    session_starts_per_day: Count = 1000
    commands_per_minute: Count = 120
    presences_per_window: Count = 5
    presence_window_s: PositiveSeconds = 20.0
    max_payload_bytes: Bytes = 4096
    max_person_payload_bytes: Bytes = 15_360
    connections_per_address: Count = 20_000
    socket_buffer_bytes: Bytes = 131_072
    session_buffer_bytes: Bytes = 8_388_608
    replay_events: Count = 4096
    resume_window_s: Seconds = 300.0
    presence_grace_s: Annotated[float, Meta(ge=0, le=300)] = 10.0
    large_threshold: Annotated[int, Meta(ge=50, le=250)] = 50
    large_guild_members: Count = 20_000
    passive_gap_s: PositiveSeconds = 5.0
    guild_idle_s: PositiveSeconds = 300.0

    @property
    def resumes_anywhere(self) -> bool:
        """Return whether clients resume by an address that all workers share, and not by that of their own one."""
        url = self.resume_url or self.public_url
        return bool(url) and "{" not in url

    @property
    def max_message_bytes(self) -> int:
        """Return the largest message of any client."""
        return max(self.max_payload_bytes, self.max_person_payload_bytes)


class StoreSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The place of data, and the number of shards."""

    data_dir: Annotated[str, Meta(min_length=1, extra={CHECK: check_path})] = "data"
    num_shards: Annotated[int, Meta(ge=1, le=4096)] = 256
    read_connections: Annotated[int, Meta(ge=1, le=64)] = 4
    log_lifetime_s: Annotated[int, Meta(ge=60, le=_YEAR_S)] = 3600
    log_rows: Count = 1_000_000


class RedisSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The Redis of a cluster. The embedded server needs none."""

    url: Annotated[str, Meta(extra={CHECK: check_redis_url})] = "redis://127.0.0.1:6379/0"
    log_lifetime_s: Annotated[int, Meta(ge=60, le=_YEAR_S)] = 600


class PostgresSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The PostgreSQL of a cluster, and the connections of each process to it."""

    url: Annotated[str, Meta(extra={CHECK: check_postgres_url})] = "postgresql://guildway@127.0.0.1:5432/guildway"
    read_connections: Annotated[int, Meta(ge=1, le=64)] = 8
    write_connections: Annotated[int, Meta(ge=1, le=64)] = 16


class CassandraSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The Cassandra of a cluster, which has the messages. Without contact points PostgreSQL has them."""

    contact_points: Annotated[tuple[str, ...], Meta(extra={CHECK: check_hosts})] = ()
    port: Annotated[int, Meta(ge=1, le=65535)] = 9042
    datacenter: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,48}$")] = "datacenter1"
    keyspace: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,47}$")] = "guildway"
    replication: Annotated[int, Meta(ge=1, le=9)] = 3
    user: Login = ""
    password: Login = ""
    request_timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 3.0
    write_timeout_s: Annotated[float, Meta(ge=0.1, le=600)] = 10.0
    requests_in_flight: Annotated[int, Meta(ge=1, le=20_000)] = 256


class ShardSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The leases of a cluster's workers, and the shards that they are given."""

    lease_lifetime_s: Annotated[float, Meta(ge=0.5, le=60)] = 3.0
    lease_renewal_s: Annotated[float, Meta(ge=0.1, le=30)] = 1.0
    weight: Annotated[float, Meta(ge=0, le=1000)] = 1.0
    moves_at_once: Annotated[int, Meta(ge=1, le=4096)] = 8
    auto_rebalance: bool = True


class LinkSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The links between the workers of a cluster."""

    host: Host = "127.0.0.1"
    port: Port = 0
    budget_bytes: Bytes = 67_108_864
    budget_s: Annotated[float, Meta(ge=1, le=3600)] = 30.0
    silence_s: Annotated[float, Meta(ge=0.2, le=60)] = 2.0
    fallback_after_s: Annotated[float, Meta(ge=0.1, le=3600)] = 2.0


class TlsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """TLS of the API and of the gateway, for servers without a proxy."""

    certificate: Annotated[str, Meta(extra={CHECK: check_path})] = ""
    certificate_key: Annotated[str, Meta(extra={CHECK: check_path})] = ""


class VoiceSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Voice channels: the media node, and where clients reach it."""

    enabled: bool = True
    host: Host = "0.0.0.0"  # noqa: S104 - as for the API
    port: Port = 8083
    media_port: Port = 8083
    public_host: Annotated[str, Meta(extra={CHECK: check_host_or_none})] = ""
    public_port: Port = 0
    public_address: Annotated[str, Meta(extra={CHECK: check_address_or_none})] = ""
    most_voices: Annotated[int, Meta(ge=1, le=100)] = 8
    most_peers: Annotated[int, Meta(ge=0, le=8)] = 0
    dave: bool = True
    log_days: Annotated[int, Meta(ge=0, le=36_500)] = 30
    region: Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9-]{0,31})?$")] = ""
    regions: tuple[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")], ...] = ()
    certificate: Annotated[str, Meta(extra={CHECK: check_path})] = ""
    certificate_key: Annotated[str, Meta(extra={CHECK: check_path})] = ""


class IceSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The STUN and TURN servers that browsers in voice may use."""

    stun_urls: Annotated[tuple[str, ...], Meta(extra={CHECK: check_stun_urls})] = ()
    turn_urls: Annotated[tuple[str, ...], Meta(extra={CHECK: check_turn_urls})] = ()
    turn_secret: Login = ""
    turn_lifetime_s: Annotated[int, Meta(ge=60, le=_YEAR_S)] = 43_200


class FileSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Where files are, how large they may be, and how their links work."""

    s3_bucket: Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")] = ""
    s3_prefix: Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$")] = ""
    s3_endpoint: Annotated[str, Meta(extra={CHECK: check_http_url})] = ""
    s3_region: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,48}$")] = "us-east-1"
    s3_access_key_id: Login = ""
    s3_secret_access_key: Login = ""
    public_url: Annotated[str, Meta(extra={CHECK: check_http_url})] = ""
    max_file_bytes: Annotated[int, Meta(ge=1, le=2**40)] = 26_214_400
    max_upload_bytes: Annotated[int, Meta(ge=1, le=2**40)] = 104_857_600
    upload_lifetime_s: PositiveSeconds = 900.0
    link_lifetime_s: Annotated[float, Meta(ge=60, le=_YEAR_S)] = 86_400.0
    waiting_uploads: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 100
    waiting_upload_bytes: Annotated[int, Meta(ge=0, le=2**50)] = 2_147_483_648
    user_quota_bytes: Annotated[int, Meta(ge=0, le=2**50)] = 0
    guild_quota_bytes: Annotated[int, Meta(ge=0, le=2**50)] = 0
    sweep_interval_s: PositiveSeconds = 60.0
    picture_grace_s: Annotated[float, Meta(ge=60, le=_YEAR_S)] = 86_400.0
    picture_processes: Annotated[int, Meta(ge=1, le=64)] = 1
    max_picture_pixels: Annotated[int, Meta(ge=1024, le=2**30)] = 50_000_000


class SearchSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The OpenSearch of a cluster. Without an address there is none."""

    url: Annotated[str, Meta(extra={CHECK: check_http_url})] = ""
    user: Login = ""
    password: Login = ""
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 3.0


class EmbedSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The previews of links, for which the server fetches what strangers name."""

    enabled: bool = True
    allowed_networks: NetworksOnly = ()
    ports: Ports = (80, 443)
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 10.0
    max_page_bytes: Annotated[int, Meta(ge=1024, le=2**26)] = 1_048_576
    max_picture_bytes: Annotated[int, Meta(ge=1024, le=2**31 - 1)] = 16_777_216
    concurrency: Annotated[int, Meta(ge=1, le=256)] = 32
    waiting_messages: Count = 1000
    messages_of_author: Count = 8
    cache_entries: Count = 1000
    cache_lifetime_s: Seconds = 1800.0
    open_pictures: Count = 64
    open_pictures_of_address: Count = 16
    kept_picture_bytes: Annotated[int, Meta(ge=0, le=2**40)] = 33_554_432


class LimitSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The rates of a user's or an address's actions."""

    enabled: bool = True
    requests_per_second: Count = 50
    channel_messages: Count = 10
    channel_messages_window_s: PositiveSeconds = 10.0
    messages_per_minute: Count = 100
    channel_reactions: Count = 4
    channel_reactions_window_s: PositiveSeconds = 1.0
    direct_openings: Count = 100
    friend_requests: Count = 100
    contacts_window_s: PositiveSeconds = 600.0
    channel_crossposts: Count = 10
    channel_crossposts_window_s: PositiveSeconds = 3600.0
    voice_joins: Count = 10
    voice_joins_window_s: PositiveSeconds = 50.0
    peer_signals: Count = 200
    peer_signals_window_s: PositiveSeconds = 10.0
    reports: Count = 20
    reports_window_s: PositiveSeconds = 3600.0
    invalid_requests: Count = 10_000
    invalid_requests_window_s: PositiveSeconds = 600.0
    registrations_per_minute: Count = 60
    loopback_registrations_per_minute: Count = 300
    logins_per_minute: Count = 120
    wrong_passwords: Count = 10
    wrong_passwords_per_account: Count = 100
    wrong_passwords_window_s: PositiveSeconds = 600.0
    sessions_per_user: Count = 1000
    typing_interval_s: Seconds = 2.0
    group_recipients: Annotated[int, Meta(ge=2, le=500)] = 10


class MetricsSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The operations listener: /metrics, /health, /ready."""

    enabled: bool = True
    host: ListeningHost = "127.0.0.1"
    port: Port = 8082
    socket_mode: SocketMode = "0660"


class TraceSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The traces of messages. Without an address nothing is traced."""

    endpoint: Annotated[str, Meta(extra={CHECK: check_http_url})] = ""
    ratio: Annotated[float, Meta(ge=0, le=1)] = 0.1
    full_audience: Count = 10


class LoggingSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The level and format of the log, and the file of the access log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"
    access_file: Annotated[str, Meta(extra={CHECK: check_path})] = ""


RegistrationCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{12,100}$")]
"""Twelve letters are more than anybody can guess within the limits of registrations."""


class InstanceSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What the server tells people's clients of itself, and who may register."""

    name: Annotated[str, Meta(pattern=r"^[^\x00-\x1f]{1,100}$")] = "Guildway"
    description: Annotated[str, Meta(pattern=r"^[^\x00]{0,1000}$")] = ""
    show_counts: bool = True
    registration: Literal["open", "invite", "closed"] = "open"
    registration_codes: tuple[RegistrationCode, ...] = ()
    message_days: Annotated[int, Meta(ge=0, le=36_500)] = 0


class Settings(msgspec.Struct, kw_only=True, frozen=True):
    """All sections."""

    instance: InstanceSettings = InstanceSettings()
    api: ApiSettings = ApiSettings()
    gateway: GatewaySettings = GatewaySettings()
    store: StoreSettings = StoreSettings()
    redis: RedisSettings = RedisSettings()
    postgres: PostgresSettings = PostgresSettings()
    cassandra: CassandraSettings = CassandraSettings()
    shards: ShardSettings = ShardSettings()
    links: LinkSettings = LinkSettings()
    tls: TlsSettings = TlsSettings()
    voice: VoiceSettings = VoiceSettings()
    ice: IceSettings = IceSettings()
    files: FileSettings = FileSettings()
    search: SearchSettings = SearchSettings()
    embeds: EmbedSettings = EmbedSettings()
    limits: LimitSettings = LimitSettings()
    metrics: MetricsSettings = MetricsSettings()
    traces: TraceSettings = TraceSettings()
    logging: LoggingSettings = LoggingSettings()
