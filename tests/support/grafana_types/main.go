// Reads dashboards as Grafana's own types have them: each file that is named must have all that Grafana requires, and
// nothing that it does not know. Prints what is wrong, and ends with 1 then.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	status := 0
	for _, name := range os.Args[1:] {
		if err := check(name); err != nil && err.Error() != "" { // the types also return lists without an error
			fmt.Printf("%s: %v\n", name, err)
			status = 1
		}
	}
	os.Exit(status)
}

func check(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var board dashboard.Dashboard
	if err := board.UnmarshalJSONStrict(data); err != nil && err.Error() != "" {
		return err
	}
	return board.Validate()
}
