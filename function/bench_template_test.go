package function_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkTemplate is a message with ten members, without and with a device template
// that it has to fit: at most 15 us may lie between the two.
func BenchmarkTemplate(b *testing.B) {
	contents := make([]string, 0, 10)
	for _, t := range [][2]string{
		{"temperature", "double"}, {"count", "integer"}, {"total", "long"}, {"on", "boolean"}, {"label", "string"},
		{"seen", "dateTime"}, {"uptime", "duration"}, {"place", "geopoint"}, {"voltage", "float"}, {"level", "double"},
	} {
		contents = append(contents, fmt.Sprintf(`{"@type":"Telemetry","name":%q,"schema":%q}`, t[0], t[1]))
	}
	path := filepath.Join(b.TempDir(), "model.json")
	model := `{"@context":["dtmi:dtdl:context;2","dtmi:iotcentral:context;2"],"@id":"dtmi:bench:Device;1",` +
		`"@type":"Interface","contents":[` + strings.Join(contents, ",") + `]}`
	if err := os.WriteFile(path, []byte(model), 0o600); err != nil {
		b.Fatal(err)
	}
	const body = `{"device":{"deviceId":"my-cloud-device","modelId":"dtmi:bench:Device;1"},"measurements":{` +
		`"temperature":21.50,"count":1,"total":1700000000,"on":true,"label":"greenhouse 7",` +
		`"seen":"2026-01-31T08:30:00Z","uptime":"PT90S","place":{"lat":47.37,"lon":8.54},"voltage":3.3,"level":0.5}}`
	b.Run("off", func(b *testing.B) { benchmark(b, "/api/telemetry", body) })
	b.Run("require", func(b *testing.B) {
		benchmark(b, "/api/telemetry", body, "TEMPLATES="+path, "TEMPLATE=require")
	})
}
