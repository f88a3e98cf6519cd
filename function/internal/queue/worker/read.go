package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/entry"
)

const newerDelay = 5 * time.Minute // before an entry of a newer version is looked at again

// read makes groups of items, one per device, in the order of the items. Entries that cannot be read are buried; those
// of a newer version are returned, and with them what comes after them for the same device.
func (w *Worker) read(ctx context.Context, items []*queue.Leased, settle settler) []*group {
	var all []*group
	of := map[string]*group{}
	returned := map[string]time.Duration{} // by the items' own key
	waiting := map[time.Duration][]*queue.Leased{}
	unread := &group{Worker: w, settle: settle}
	for _, it := range items {
		if after, is := returned[it.Key]; is && it.Key != "" {
			waiting[after] = append(waiting[after], it)
			continue
		}
		e, err := w.Codec.Decode(ctx, it.Data)
		if err != nil {
			if after := unread.unread(ctx, it, err); after > 0 {
				returned[it.Key] = after
				waiting[after] = append(waiting[after], it)
			}
			continue
		}
		key := entry.Key(&e.Message)
		g := of[key]
		if g == nil {
			g = &group{Worker: w, settle: settle, key: key}
			of[key], all = g, append(all, g)
		}
		g.items = append(g.items, &item{it, e})
	}
	for after, list := range waiting {
		unread.giveBack(ctx, list, after)
	}
	return all
}

// unread buries an entry that cannot be read, or tells when to look at it again.
func (g *group) unread(ctx context.Context, it *queue.Leased, err error) (after time.Duration) {
	attrs := []slog.Attr{slog.String("item", it.ID), slog.String("error", err.Error())}
	wrong, ok := errors.AsType[*entry.Error](err)
	switch {
	case !ok:
		g.Log.LogAttrs(ctx, slog.LevelWarn, "queue: the signing key cannot be read", attrs...)
		return patience(it.Attempts)
	case wrong.Kind == entry.Future:
		g.Log.LogAttrs(ctx, slog.LevelWarn, "queue: an entry waits for a newer release", attrs...)
		return newerDelay
	}
	if !g.dead(ctx, it, unreadable(err).JSON(), "none", append(attrs, slog.String("code", "queue-entry"))) {
		return patience(it.Attempts)
	}
	return 0
}

func (g *group) giveBack(ctx context.Context, items []*queue.Leased, after time.Duration) {
	if err := g.settle.back(ctx, items, after); err != nil {
		g.Log.LogAttrs(ctx, slog.LevelWarn, "queue: entries cannot be returned", slog.Int("entries", len(items)),
			slog.String("error", err.Error()))
	}
}
