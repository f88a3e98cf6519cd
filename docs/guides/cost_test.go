package guides_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// number reads 14,400,000.
func number(t *testing.T, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCost computes the tables of cost.md from its list of prices.
func TestCost(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../cost.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(file)
	price := map[string]float64{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \| ([0-9.]+) \|`).FindAllStringSubmatch(text, -1) {
		price[row[1]] = number(t, row[2])
	}

	const million, seconds = 1e6, 0.1
	log := price["cloudwatch-logs"] * 0.4
	url := price["lambda-request"] + million*seconds*0.25*price["lambda-arm"] + log
	flex := func(atOnce float64) float64 {
		return price["flex-execution"] + million*0.5*1/atOnce*price["flex-time"] + price["insights"]*1.2
	}
	const month = 30 * 24 * 3600
	for name, want := range map[string]float64{
		"Lambda behind the HTTP API":            url + price["http-api"],
		"Lambda by its function URL":            url,
		"Functions, one request at a time":      flex(1),
		"Functions, ten requests at a time":     flex(10),
		"Container Apps, one replica all month": month * (0.25*price["container-cpu"] + 0.5*price["container-memory"]),
	} {
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(name) + ` \|[^|]*\| ([0-9.]+)`).FindStringSubmatch(text)
		if row == nil {
			t.Errorf("%s is not in the table", name)
		} else if got := number(t, row[1]); math.Abs(got-want) > 0.006 {
			t.Errorf("%s costs %s, computed %.2f", name, row[1], want)
		}
	}

	rows := regexp.MustCompile(`(?m)^\| ([0-9,]+) \| (\d+) minutes? \| ([0-9,]+) \| (\d+ S\d) \| (\d+) \|$`).
		FindAllStringSubmatch(text, -1)
	if len(rows) < 5 {
		t.Fatal("the table of fleets is gone")
	}
	for _, row := range rows {
		day := number(t, row[1]) * 24 * 60 / number(t, row[2])
		best, units := math.Inf(1), ""
		for _, edition := range []struct {
			name string
			day  float64
		}{{"s1", 400e3}, {"s2", 6e6}, {"s3", 300e6}} {
			n := math.Ceil(day / edition.day)
			if cost := n * price["hub-"+edition.name]; cost < best {
				best, units = cost, fmt.Sprintf("%.0f %s", n, strings.ToUpper(edition.name))
			}
		}
		if day != number(t, row[3]) || units != row[4] || best != number(t, row[5]) {
			t.Errorf("%s: computed %.0f messages, %s, %.0f", row[0], day, units, best)
		}
	}
}
