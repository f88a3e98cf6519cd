package connect

import (
	"log/slog"

	"mayfly/function/internal/config"
	"mayfly/function/internal/metrics"
	"mayfly/function/internal/state"
	"mayfly/function/internal/state/redis"
	"mayfly/internal/secret"
)

// NewState makes the store that STATE names, which begins to connect; nil where there is none.
func NewState(c *config.Config, secrets *secret.Loader, log *slog.Logger, set *metrics.Set) state.Store {
	if c.State.Reveal() == "" {
		return nil
	}
	s, err := redis.Open(c.State.Reveal(), redis.Options{
		Secrets: secrets, Log: log, Metrics: set, Now: secrets.Now,
	})
	if err != nil {
		log.Error("no state store", "error", err.Error()) // the configuration was checked
		return nil
	}
	return s
}
