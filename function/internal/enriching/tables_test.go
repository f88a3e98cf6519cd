package enriching_test

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/enriching"
	"mayfly/function/internal/problem"
	"mayfly/function/internal/tables"
)

// refusing is a network in which nobody answers.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }

// A table that was never read is not the sender's fault: the message may be sent again.
func TestTableThatIsNotThere(t *testing.T) {
	t.Parallel()
	set := tables.New(&tables.Options{
		Tables: []config.Table{{TableSpec: config.TableSpec{
			Name: "assets", URL: "https://files.example/assets.csv", Key: "serial", Format: "csv",
			Refresh: time.Minute, Timeout: time.Second,
		}}},
		Transport: refusing{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	_, err := enriching.Rows{Table: set.Table("assets")}.Find(t.Context(), "A-1")
	own, ok := errors.AsType[*problem.Error](err)
	if !ok || own.Code != problem.LookupUnreachable || !problem.RowOf(own.Code).Retryable {
		t.Errorf("%v", err)
	}
}
