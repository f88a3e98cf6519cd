package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// model is the DTMI of the template that the messages have to fit.
const model = "dtmi:bench:Device;1"

// tenMembers is a message of a device with a model, with all that its template has.
func tenMembers(i int) string {
	return fmt.Sprintf(`{"device":{"deviceId":"device-%d","modelId":"%s"},"measurements":{"temperature":21.50,`+
		`"count":1,"total":1700000000,"on":true,"label":"greenhouse 7","seen":"2026-01-31T08:30:00Z","uptime":"PT90S",`+
		`"place":{"lat":47.37,"lon":8.54},"state":1,"readings":[1.5,2.5,3.5]}}`, i%devices, model)
}

// requireTemplate configures the template of the messages, and that they have to fit.
func (c *contender) requireTemplate(dir string) error {
	var contents strings.Builder
	for _, member := range [][2]string{
		{"temperature", `"double"`}, {"count", `"integer"`}, {"total", `"long"`}, {"on", `"boolean"`},
		{"label", `"string"`}, {"seen", `"dateTime"`}, {"uptime", `"duration"`}, {"place", `"geopoint"`},
		{"state", `{"@type":"Enum","valueSchema":"integer","enumValues":[{"name":"online","enumValue":1}]}`},
		{"readings", `{"@type":"Array","elementSchema":"double"}`},
	} {
		fmt.Fprintf(&contents, `,{"@type":"Telemetry","name":"%s","schema":%s}`, member[0], member[1])
	}
	text := fmt.Sprintf(`{"@context":["dtmi:dtdl:context;2","dtmi:iotcentral:context;2"],"@id":"%s",`+
		`"@type":"Interface","contents":[%s]}`, model, contents.String()[1:])
	path := filepath.Join(dir, "model.json")
	c.env = []string{"TEMPLATES=" + path, "TEMPLATE=require"}
	return os.WriteFile(path, []byte(text), 0o600)
}
