package explain

import (
	"fmt"
	"maps"
	"strings"

	"mayfly/cmd/mayfly/internal/logline"
	"mayfly/cmd/mayfly/internal/tool"
	"mayfly/docs"
	"mayfly/function"
)

// rowOf finds the row of a code.
func rowOf(code string) *function.ErrorRow {
	for _, r := range function.Rows() {
		if string(r.Code) == code {
			return &r
		}
	}
	return nil
}

// Codes lists the codes that can be explained.
func Codes() []string {
	var out []string
	for _, r := range function.Rows() {
		out = append(out, string(r.Code))
	}
	return out
}

// codeOf finds the code in a problem, a record of the log, or a request as the console exports it.
func codeOf(l logline.Line) string {
	if code := l.Text("code"); code != "" {
		return code
	}
	if code := l.Object("problem").Text("code"); code != "" {
		return code
	}
	if _, code, ok := strings.Cut(l.Text("type"), "urn:mayfly:error:"); ok {
		return code
	}
	return ""
}

// section gives the section of the runbook that a heading begins, without what is generated in it.
func section(heading string) string {
	_, text, found := strings.Cut(docs.Runbook, "\n### "+heading+"\n")
	if !found {
		return ""
	}
	for _, next := range []string{"\n### ", "\n## "} {
		text, _, _ = strings.Cut(text, next)
	}
	if before, after, ok := strings.Cut(text, "<!--"); ok {
		_, rest, _ := strings.Cut(after, "<!-- end -->")
		text = before + rest
	}
	return strings.TrimSpace(text)
}

// one explains one record or problem.
func one(w *tool.World, l logline.Line) error {
	code := codeOf(l)
	if code == "" {
		quiet(w, l)
		return nil
	}
	row := rowOf(code)
	if row == nil {
		return fmt.Errorf("the code %s is not one of this version: mayfly version", tool.Quote(code))
	}
	page(w, row, l)
	return nil
}

// quiet tells about a record without a code.
func quiet(w *tool.World, l logline.Line) {
	var told []string
	for _, name := range []string{"delivered", "ignored", "reduced", "repeated", "commands"} {
		if n := l.Text(name); n != "" {
			told = append(told, name+" "+n)
		}
	}
	switch {
	case l.IsRequest() && l.Text("reason") != "":
		w.Printf("Nothing is wrong. The source %s has ignored what is not telemetry: %s.\n", l.Text("source"),
			l.Text("reason"))
	case l.IsRequest():
		w.Printf("Nothing is wrong: %s, answered %s.\n", strings.Join(told, ", "), l.Text("http.response.status_code"))
	default:
		w.Printf("This has no code. It says:\n")
		for _, name := range l.Names() {
			w.Printf("  %s  %s\n", name, tool.OneLine(l.Text(name)))
		}
	}
}

// page tells all about a code, and about a record that has it.
func page(w *tool.World, row *function.ErrorRow, l logline.Line) {
	retry := "the sender must not send the same again"
	if row.Retryable {
		retry = "sending the same again later can help"
	}
	w.Printf("%s  %d, in the step %s; %s\n%s\n", w.Paint("1", string(row.Code)), row.Status, row.Where, retry,
		upper(row.What))
	if l != nil {
		known(w, l)
	}
	if row.Advice != "" {
		w.Printf("\n%s %s\n", w.Paint("36", "Who sent it:"), row.Advice)
	}
	text := section(string(row.Code))
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		for _, title := range []string{"It means:", "Look at:", "Do:"} {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(paragraph), "**"+title+"**"); ok {
				paragraph = w.Paint("36", title) + rest
			}
		}
		w.Printf("\n%s\n", paragraph)
	}
	if l != nil {
		elsewhere(w, row, l)
	}
	w.Printf("\ndocs/runbook.md#%s\n", row.Code)
}

// known tells what a record or a problem says itself.
func known(w *tool.World, l logline.Line) {
	if inner := l.Object("problem"); inner != nil { // as the console exports it
		merged := logline.Line{}
		maps.Copy(merged, inner)
		for name, v := range l {
			if name != "problem" {
				merged[name] = v
			}
		}
		l = merged
	}
	w.Printf("\n")
	say := func(title, text string) {
		if text != "" {
			w.Printf("  %s %s\n", w.Paint("36", fmt.Sprintf("%-9s", title)), tool.OneLine(text))
		}
	}
	say("time", l.Text("time", "timestamp"))
	say("request", strings.TrimSpace(l.Text("http.request.method", "method")+" "+l.Text("url.path",
		"path")+" "+l.Text("requestId")))
	say("source", l.Text("source"))
	say("caller", l.Text("caller"))
	say("device", l.Text("device", "deviceIds", "devices"))
	say("detail", l.Text("detail"))
	say("cause", l.Text("cause"))
	for _, e := range l.Objects("errors") {
		say("wrong", strings.TrimSpace(e.Text("path")+" "+e.Text("hint")))
	}
	for _, name := range []string{"results", "failed"} {
		for _, r := range l.Objects(name) {
			if code := r.Text("code"); code != "" {
				who := strings.TrimSpace(r.Text("deviceId", "device") + " " + r.Text("line"))
				say("message", strings.TrimSpace(who+" "+code+": "+r.Text("detail")))
			}
		}
	}
	upstream(l, say)
	if l.Text("accepted") == "true" {
		say("answered", "2xx all the same, because its sender punishes refusals (onReject: accept)")
	}
	if seconds := l.Text("retryAfter"); seconds != "" {
		say("retry", "after "+seconds+" s")
	}
}

// upstream tells what DPS, the hub or another service has answered.
func upstream(l logline.Line, say func(title, text string)) {
	u := l.Object("upstream")
	service, status := l.Text("upstream"), l.Text("upstreamStatus")
	code, message, tracking := l.Text("upstreamError"), l.Text("upstreamMessage"), l.Text("trackingId")
	if u != nil {
		service, status = u.Text("service"), u.Text("status")
		code, message, tracking = u.Text("errorCode"), u.Text("message"), u.Text("trackingId")
	}
	if service == "" {
		return
	}
	say("upstream", strings.TrimSpace(service+" answered "+status+" "+code+" "+message))
	if tracking != "" {
		say("tracking", tracking+" (tell it to Microsoft's support: it finds the request there)")
	}
}

// elsewhere names the sections of the runbook that know the upstream's code.
func elsewhere(w *tool.World, row *function.ErrorRow, l logline.Line) {
	code := l.Text("upstreamError")
	if u := l.Object("upstream"); u != nil {
		code = u.Text("errorCode")
	}
	if len(code) < 4 {
		return
	}
	for _, r := range function.Rows() {
		if r.Code == row.Code {
			continue
		}
		if text := section(string(r.Code)); strings.Contains(text, code) {
			w.Printf("\n%s %s is told about under %s, too: mayfly explain %s\n", w.Paint("36", "Upstream:"), code,
				r.Code, r.Code)
		}
	}
}

func upper(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
