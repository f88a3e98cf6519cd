package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/nats-io/nats.go/jetstream"
)

// quorum is how many replicas make a stream safe whose servers do not sync: an acknowledgment means that most of them
// have the item, and they do not all lose their power at once.
const quorum = 3

// synced tells whether what the stream acknowledges outlives a power cut. A client cannot learn from the protocol
// whether the server syncs; its monitoring port tells.
func (q *Queue) synced(ctx context.Context, info *jetstream.StreamInfo) error {
	if q.o.AllowUnsynced {
		return nil
	}
	c := &info.Config
	switch {
	case c.Storage != jetstream.FileStorage:
		return fmt.Errorf("the stream %s is not stored in files, so a restart of the server loses items that were "+
			"accepted; set QUEUE_ALLOW_UNSYNCED if that may be", c.Name)
	case c.PersistMode == jetstream.AsyncPersistMode:
		return fmt.Errorf("the stream %s has persist_mode async: it acknowledges items before they are written; "+
			"set QUEUE_ALLOW_UNSYNCED if they may be lost", c.Name)
	case c.Replicas >= quorum:
		return nil
	case len(q.target.monitors) == 0:
		return fmt.Errorf("cannot learn whether the server writes items to its disk before it acknowledges them: "+
			"the stream %s has %d replicas, not %d, and the URL has no monitor=http://HOST:8222; set jetstream { "+
			"sync_interval: always } on the server and name its monitoring port, or use replicas=3, or set "+
			"QUEUE_ALLOW_UNSYNCED if a power cut may lose accepted items", c.Name, c.Replicas, quorum)
	}
	return q.askMonitors(ctx, info)
}

// server is what /varz of a server's monitoring port tells, as far as it matters here.
type server struct {
	ID        string `json:"server_id"`
	Name      string `json:"server_name"`
	JetStream struct {
		Config *struct {
			SyncAlways bool `json:"sync_always"`
		} `json:"config"`
	} `json:"jetstream"`
}

// askMonitors asks until it finds the server that keeps the stream.
func (q *Queue) askMonitors(ctx context.Context, info *jetstream.StreamInfo) error {
	nc, _ := q.link.connection()
	id, name := nc.ConnectedServerId(), ""
	if info.Cluster != nil {
		name = info.Cluster.Leader
	}
	var failed error
	for _, address := range q.target.monitors {
		s, err := q.monitor(ctx, address)
		switch {
		case err != nil:
			failed = err
		case name != "" && s.Name != name, name == "" && s.ID != id:
		case s.JetStream.Config == nil || !s.JetStream.Config.SyncAlways:
			return fmt.Errorf("the server acknowledges items before its disk has them: set jetstream { sync_interval: "+
				"always } on it, or QUEUE_ALLOW_UNSYNCED if a power cut may lose accepted items (%s)", address)
		default:
			return nil
		}
	}
	if failed == nil {
		failed = errors.New("none of monitor= is of the server that keeps the stream")
	}
	return fmt.Errorf("cannot learn whether the server writes items to its disk before it acknowledges them: %w; "+
		"set QUEUE_ALLOW_UNSYNCED if a power cut may lose accepted items", failed)
}

func (q *Queue) monitor(ctx context.Context, address string) (*server, error) {
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/varz", http.NoBody)
	if err != nil {
		return nil, err
	}
	rs, err := q.o.Transport.RoundTrip(rq)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rs.Body.Close() }()
	if rs.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", address, rs.Status)
	}
	var s server
	if err := json.NewDecoder(io.LimitReader(rs.Body, 1<<20)).Decode(&s); err != nil {
		return nil, fmt.Errorf("%s does not answer as a NATS server does: %w", address, err)
	}
	return &s, nil
}
