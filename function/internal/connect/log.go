package connect

import (
	"io"
	"log/slog"

	"mayfly/function/internal/config"
	"mayfly/function/internal/platform"
)

// NewLog makes the log that the configuration asks for. Lambda filters and
// stamps records by the keys "timestamp" and "level".
func NewLog(c *config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.Host == platform.Lambda {
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
