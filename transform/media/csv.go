package media

import (
	"cmp"
	"strings"

	"mayfly/transform/media/lines"
	"mayfly/transform/message"
)

// CSV says what the rows of a source's CSV bodies are.
type CSV = lines.CSV

// askedCSV adds what the request says: ?header=no, ?columns=a,b and ?delimiter=; in
// the query, and the parameter header of text/csv (RFC 4180).
func askedCSV(c CSV, m mediaType, r *message.Request) CSV {
	switch cmp.Or(r.QueryValue("header"), m.params["header"]) {
	case "absent", "no", "false", "0":
		c.Header = "no"
	case "present", "yes", "true", "1":
		c.Header = "yes"
	}
	if columns := r.QueryValue("columns"); columns != "" {
		c.Columns = strings.Split(columns, ",")
	}
	c.Delimiter = cmp.Or(r.QueryValue("delimiter"), c.Delimiter)
	if m.name == "text/tab-separated-values" {
		c.Delimiter = "\t"
	}
	return c
}
