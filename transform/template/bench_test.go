package template_test

import (
	"fmt"
	"strings"
	"testing"

	"mayfly/transform/template"
)

// tenMembers is a message with ten of a model's members, as most are: numbers.
const tenMembers = `{"temperature":21.50,"count":1,"total":1700000000,"on":true,"label":"greenhouse 7",` +
	`"seen":"2026-01-31T08:30:00Z","uptime":"PT90S","place":{"lat":47.37,"lon":8.54},"state":1,"readings":[1.5,2.5,3.5]}`

// tenCoercions is the same message, with all that can be made right.
const tenCoercions = `{"Temperature":"21.50","count":1.0,"total":"1700000000","on":1,"label":"greenhouse 7",` +
	`"seen":1769848200,"uptime":90,"place":[8.54,47.37],"state":"online","readings":["1.5",2.5,3.5]}`

func BenchmarkFit(b *testing.B) {
	set := load(b, device)
	for _, bb := range []struct {
		name string
		body string
		mode template.Mode
	}{
		{"require", tenMembers, template.Require},
		{"report", tenMembers, template.Report},
		{"coerce-all", tenCoercions, template.Coerce},
		{"require-component", strings.Replace(tenMembers, `"count":1`, `"moisture":1`, 1), template.Require},
	} {
		b.Run(bb.name, func(b *testing.B) {
			in := template.Input{ModelID: "dtmi:test:Device;1", Body: []byte(bb.body)}
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.body)))
			for b.Loop() {
				if _, err := set.Fit(in, template.Policy{Mode: bb.mode}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkManyModels: what a message costs does not depend on how many models there are.
func BenchmarkManyModels(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		files := make([]string, n)
		for i := range files {
			files[i] = strings.ReplaceAll(device, "dtmi:test:", fmt.Sprintf("dtmi:test:n%d:", i))
		}
		set := load(b, files...)
		for _, id := range []string{"dtmi:test:n7:Device;1", "dtmi:test:n7:Device;2"} {
			b.Run(fmt.Sprintf("%d/known=%t", n, set.Model(id) != nil), func(b *testing.B) {
				in := template.Input{ModelID: id, Body: []byte(tenMembers)}
				for b.Loop() {
					if _, err := set.Fit(in, template.Policy{Mode: template.Report}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkLoad reads 10,000 models.
func BenchmarkLoad(b *testing.B) {
	models := make([][]byte, 10_000)
	for i := range models {
		models[i] = []byte(strings.ReplaceAll(device, "dtmi:test:", fmt.Sprintf("dtmi:test:n%d:", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		builder := template.NewBuilder()
		for _, m := range models {
			if _, err := builder.Add("models.json", m); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := builder.Set(); err != nil {
			b.Fatal(err)
		}
	}
}
