package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// deadFolder makes the folder of a queue with two dead letters.
func deadFolder(t *testing.T) (queue, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dead"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i, data := range []string{
		`{"v":1,"entry":{"device":"d-1","messageId":"m-1","body":{"t":21.50}}}`, "\x00\xff\x1b[31m",
	} {
		letter, err := json.Marshal(map[string]any{
			"version": 1, "key": fmt.Sprint("d-", i+1), "id": fmt.Sprint("message-", i+1), "data": []byte(data),
			"put": "2026-11-28T01:00:00Z", "buried": "2026-11-28T01:02:03Z", "attempts": 3,
			"reason": `{"status":403,"code":"upstream_rejected","detail":"the hub refused the device \u001b[31m"}`,
		})
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "dead", fmt.Sprintf("187b2a0d00000000-%d.json", i+1))
		if err := os.WriteFile(name, letter, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "file:" + dir, dir
}

func files(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = strings.TrimSuffix(filepath.Base(names[i])[len("187b2a0d00000000-"):], ".json")
	}
	return strings.Join(names, " ")
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	const first, second = "187b2a0d00000000-1", "187b2a0d00000000-2"
	for name, tt := range map[string]struct {
		args string // behind dead-letters; QUEUE stands for the queue
		code int
		out  []string // what the output contains
		not  []string // what it does not contain
		dead string   // what is left
		back string   // what waits for the bridge
	}{
		"list": {args: "list QUEUE", dead: "1 2", not: []string{"21.50", "\x1b"}, out: []string{
			"ID", "d-2", first, "2026-11-28T01:02:03Z", "upstream_rejected: the hub refused the device ?[31m"}},
		"list a part": {args: "list --limit=1 QUEUE", dead: "1 2", out: []string{first, "--limit 10"}},
		"list as JSON": {args: "list --json QUEUE", dead: "1 2", not: []string{"21.50", "message-"}, out: []string{
			`"messageId": "m-1"`, `"code": "upstream_rejected"`}},
		"show":         {args: "show QUEUE " + first, dead: "1 2", out: []string{`"t": 21.50`, `"status": 403`}},
		"show bytes":   {args: "show QUEUE " + second, dead: "1 2", out: []string{`"data": "AP8bWzMxbQ=="`}},
		"show nothing": {args: "show QUEUE 1", code: 1, dead: "1 2", out: []string{`no dead letter with the id "1"`}},
		"replay one":   {args: "replay QUEUE " + second, dead: "1", back: "2", out: []string{"1 dead letter replayed"}},
		"replay all":   {args: "replay --all QUEUE", back: "1 2", out: []string{"2 dead letters replayed"}},
		"drop one":     {args: "drop QUEUE " + first, dead: "2", out: []string{"1 dead letter dropped"}},
		"drop all":     {args: "drop --all --yes QUEUE", out: []string{"2 dead letters dropped"}},
		"drop as JSON": {args: "drop --json --all QUEUE", out: []string{`"dropped": 2`, `"failed": []`}},
		"drop another": {args: "drop QUEUE ../x " + first, code: 1, dead: "2", out: []string{"../x: ", "1 of 2"}},
		"drop nothing": {args: "drop QUEUE", code: 1, dead: "1 2", out: []string{"--all"}},
		"drop both":    {args: "drop --all QUEUE " + first, code: 1, dead: "1 2", out: []string{"--all"}},
		"another kind": {args: "list kafka:x", code: 1, dead: "1 2", out: []string{"want file:DIR"}},
		"no queue":     {args: "list file:/nowhere/at/all", code: 1, dead: "1 2", out: []string{"missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue, dir := deadFolder(t)
			args := strings.Fields(strings.ReplaceAll("dead-letters "+tt.args, "QUEUE", queue))
			code, out, errs := command(t, nil, args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d: %s%s", code, tt.code, out, errs)
			}
			for _, want := range tt.out {
				if !strings.Contains(out+errs, want) {
					t.Errorf("the output lacks %q:\n%s%s", want, out, errs)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(out+errs, not) {
					t.Errorf("the output has %q:\n%s%s", not, out, errs)
				}
			}
			dead, back := files(t, filepath.Join(dir, "dead")), files(t, filepath.Join(dir, "replay"))
			if dead != tt.dead || back != tt.back {
				t.Errorf("dead letters %q, replayed %q, want %q and %q", dead, back, tt.dead, tt.back)
			}
		})
	}
}

func TestDeadLettersEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dead"), 0o700); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"--no-json": "", "--json": "[]\n"} {
		args := []string{"dead-letters", "list", "file:" + dir}
		if flag == "--json" {
			args = append(args, flag)
		} else {
			want = "file:" + dir + " has no dead letters\n"
		}
		if code, out, errs := command(t, nil, args...); code != exitOK || out != want {
			t.Errorf("exit code %d, %q %s, want %q", code, out, errs, want)
		}
	}
}
