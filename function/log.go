package function

import (
	"io"
	"log/slog"
)

// NewLog makes the log that the configuration asks for. Lambda filters and
// stamps records by the keys "timestamp" and "level".
func NewLog(c *Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.Host == HostLambda {
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 {
				switch a.Key {
				case slog.TimeKey:
					a.Key = "timestamp"
				case slog.MessageKey:
					a.Key = "message"
				}
			}
			return a
		}
	}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

const mostName = 128

// printable lets through only what is safe to put into a log line, a response
// header and somebody's terminal.
func printable(name string) bool {
	if name == "" || len(name) > mostName {
		return false
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// logName lets a stranger's name into the log.
func logName(name string) string {
	if !printable(name) {
		return "?"
	}
	return name
}
