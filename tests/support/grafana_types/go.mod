// A program that reads dashboards by Grafana's own types, for a test.
module guildway.test/boards

go 1.21

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
