package config

import (
	"errors"
	"fmt"
	"strings"

	"mayfly/function/internal/platform"
	"mayfly/function/internal/queue"
	"mayfly/function/internal/queue/open"
	"mayfly/internal/secret"
)

// Durable is what the variables and the file say about durable mode.
type Durable struct {
	Queue         string      `env:"QUEUE"`
	SigningKey    secret.Text `env:"QUEUE_SIGNING_KEY"`
	AllowUnsynced bool        `env:"QUEUE_ALLOW_UNSYNCED" envDefault:"false"`
	QueueWorkers  int         `env:"QUEUE_WORKERS" envDefault:"16"`
	DurableMode   queue.Mode  `env:"DURABLE"`

	// What was made of them.
	QueueTarget *open.Target          // nil: nothing is queued
	QueueKey    *secret.Reference     // nil: entries are not signed
	durable     map[string]queue.Mode // of the sources that say one
}

// minSigningKey is the length of the shortest signing key.
const minSigningKey = 16

// Mode gives the mode of a source: never without a queue.
func (d *Durable) Mode(source string) queue.Mode {
	if d.QueueTarget == nil {
		return queue.ModeNever
	}
	if mode := d.durable[source]; mode != queue.ModeDefault {
		return mode
	}
	if d.DurableMode == queue.ModeDefault {
		return queue.ModeFallback
	}
	return d.DurableMode
}

// checkDurable checks what is said about durable mode.
func (c *Config) checkDurable(file *File, fault faultFunc) {
	if c.QueueWorkers < 1 || c.QueueWorkers > 1000 {
		fault("QUEUE_WORKERS", "must be from 1 to 1000")
	}
	if c.Queue != "" {
		target, err := open.Parse(c.Queue)
		if err != nil {
			fault("QUEUE", "%v", err)
		} else if target.Kind == open.File && c.Host != platform.Server {
			fault("QUEUE", "file: is for plain servers: the disk of a function goes with its instance, and nobody "+
				"delivers from it; want sqs:URL, azure-queue:URL or nats://HOST")
		}
		c.QueueTarget = &target
	}
	var err error
	if c.QueueKey, err = parseReference(c.SigningKey.Reveal(), checkSigningKeys); err != nil {
		fault("QUEUE_SIGNING_KEY", "%v", err)
	}
	if c.QueueTarget == nil && c.DurableMode != queue.ModeDefault && c.DurableMode != queue.ModeNever {
		fault("DURABLE", "needs QUEUE: there is nothing to put messages into")
	}
	c.durable = map[string]queue.Mode{}
	for i := range file.Sources {
		s := &file.Sources[i]
		if s.Durable != queue.ModeDefault {
			c.durable[s.Name] = s.Durable
		}
		if c.QueueTarget == nil && s.Durable == queue.ModeAlways {
			file.add(fmt.Sprintf("sources[%d].durable", i), "needs QUEUE: there is nothing to put messages into")
		}
	}
}

func checkSigningKeys(text string) error {
	_, err := SigningKeys(text)
	return err
}

// SigningKeys reads QUEUE_SIGNING_KEY: keys with commas between them.
func SigningKeys(text string) ([][]byte, error) {
	var keys [][]byte
	for key := range strings.SplitSeq(text, ",") {
		key = strings.TrimSpace(key)
		if len(key) < minSigningKey {
			return nil, errors.New("a key needs 16 characters or more, as openssl rand -hex 32 makes them")
		}
		keys = append(keys, []byte(key))
	}
	return keys, nil
}
