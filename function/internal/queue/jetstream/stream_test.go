package jetstream_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/jetstream"
)

// TestSynced: a start is refused where an acknowledged item may be lost, and says what to set.
func TestSynced(t *testing.T) {
	t.Parallel()
	synced := serve(t, nil)
	lazy := serve(t, func(o *server.Options) { o.SyncAlways = false })
	for name, tt := range map[string]struct {
		server  *server.Server
		monitor string
		allow   bool
		want    string // in the error; none when it is empty
	}{
		"synced":                   {server: synced, monitor: synced.MonitorAddr().String()},
		"not synced":               {server: lazy, monitor: lazy.MonitorAddr().String(), want: "sync_interval: always"},
		"not synced, allowed":      {server: lazy, monitor: lazy.MonitorAddr().String(), allow: true},
		"not known":                {server: synced, want: "has no monitor="},
		"not known, allowed":       {server: synced, allow: true},
		"another server's monitor": {server: lazy, monitor: synced.MonitorAddr().String(), want: "none of monitor="},
		"monitor does not answer":  {server: synced, monitor: "127.0.0.1:1", want: "QUEUE_ALLOW_UNSYNCED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fmt.Sprintf("%s/SYNC%d", tt.server.ClientURL(), streams.Add(1))
			if tt.monitor != "" {
				url += "?monitor=http://" + tt.monitor
			}
			q, err := jetstream.Open(t.Context(), url, jetstream.Options{AllowUnsynced: tt.allow})
			if tt.want != "" {
				expect(t, err, queue.Denied, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			put(t, q, item("a", 1))
			_ = q.Close()
		})
	}
}

// TestUnsuitableStream: a stream that would lose items by itself is refused.
func TestUnsuitableStream(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	js := manage(t, s)
	for name, tt := range map[string]struct {
		change func(*natsjs.StreamConfig)
		want   string
	}{
		"of a log":     {func(c *natsjs.StreamConfig) { c.Retention = natsjs.LimitsPolicy }, "want workqueue"},
		"that forgets": {func(c *natsjs.StreamConfig) { c.MaxAge = time.Hour }, "want no max age"},
		"that drops of each subject": {func(c *natsjs.StreamConfig) {
			c.MaxMsgsPerSubject, c.Discard = 10, natsjs.DiscardNew
		}, "want discard: new, and discard_new_per_subject: true"},
		"that drops":     {func(c *natsjs.StreamConfig) { c.MaxMsgs = 10 }, "want discard: new"},
		"in memory":      {func(c *natsjs.StreamConfig) { c.Storage = natsjs.MemoryStorage }, "not stored in files"},
		"of other items": {func(c *natsjs.StreamConfig) { c.Subjects = []string{"other.>"} }, "takes the subjects"},
		"written late": {func(c *natsjs.StreamConfig) {
			c.PersistMode = natsjs.AsyncPersistMode
		}, "persist_mode async"},
		"partitions unknown": {func(c *natsjs.StreamConfig) {
			c.Metadata = map[string]string{"mayfly-partitions": "many"}
		}, "mayfly-partitions"},
	} {
		t.Run(name, func(t *testing.T) {
			url := address(s, "")
			name, _, _ := strings.Cut(url, "?")
			name = name[strings.LastIndex(name, "/")+1:]
			c := natsjs.StreamConfig{
				Name: name, Subjects: []string{name + ".*"}, Retention: natsjs.WorkQueuePolicy,
				Storage: natsjs.FileStorage,
			}
			tt.change(&c)
			if _, err := js.CreateStream(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			_, err := jetstream.Open(t.Context(), url, jetstream.Options{})
			expect(t, err, queue.Denied, tt.want)
		})
	}
}

// TestUnsuitableDeadLetters: a stream that would lose dead letters by itself, or never says that it has them, is
// refused.
func TestUnsuitableDeadLetters(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	js := manage(t, s)
	for name, tt := range map[string]struct {
		change func(*natsjs.StreamConfig)
		want   string
	}{
		"nobody waits":   {func(c *natsjs.StreamConfig) { c.Retention = natsjs.InterestPolicy }, "retention limits"},
		"that drops":     {func(c *natsjs.StreamConfig) { c.MaxBytes = 10_000 }, "want discard: new"},
		"silent":         {func(c *natsjs.StreamConfig) { c.NoAck = true }, "want no_ack: false"},
		"of other items": {func(c *natsjs.StreamConfig) { c.Subjects = []string{c.Name + ".a"} }, "takes the subjects"},
		"in memory":      {func(c *natsjs.StreamConfig) { c.Storage = natsjs.MemoryStorage }, "not stored in files"},
		"suitable":       {func(c *natsjs.StreamConfig) { c.Subjects = []string{c.Name + ".letters"} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			url := address(s, "")
			name, _, _ := strings.Cut(url, "?")
			name = name[strings.LastIndex(name, "/")+1:] + "_DEAD"
			c := natsjs.StreamConfig{Name: name, Subjects: []string{name + ".>"}, Storage: natsjs.FileStorage}
			tt.change(&c)
			if _, err := js.CreateStream(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			q, err := jetstream.Open(t.Context(), url, jetstream.Options{})
			if tt.want != "" {
				expect(t, err, queue.Denied, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = q.Close()
		})
	}
}
