package enriching

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/lookup"
	"mayfly/function/internal/reducing"
	"mayfly/function/internal/tables"
	"mayfly/internal/secret"
	"mayfly/transform"
	"mayfly/transform/enrich"
	"mayfly/transform/message"
	"mayfly/transform/sample"
	"mayfly/transform/table"
)

// Rehearsal makes what reduces and enriches messages, of a configuration file and for people who try it. A nil
// Rehearsal has neither.
type Rehearsal struct{ config *config.Config }

// Rehearse reads the tables, look-ups and steps of the configuration file at path, or of that of CONFIG; nil where
// there is nothing to do. Its error is a FaultsError.
func Rehearse(environ []string, path string, options ...config.Option) (*Rehearsal, error) {
	c, err := config.LoadEnrichment(environ, path, options...)
	if err != nil || (len(c.Enrich.All())+len(c.Tables) == 0 && c.Reduce == nil) {
		return nil, err
	}
	return &Rehearsal{c}, nil
}

// Reducer returns what makes one message of several readings; nil where nothing does.
func (r *Rehearsal) Reducer() *reducing.Reducer {
	if r == nil {
		return nil
	}
	return reducing.Of(r.config)
}

// Online returns what enriches as the bridge does: it asks services. The expressions of t find the same rows.
func (r *Rehearsal) Online(t *transform.Transformer) *Enricher {
	if r == nil {
		return nil
	}
	rows, _ := t.Tables().(*config.Rows)
	secrets := &secret.Loader{Transport: http.DefaultTransport, Getenv: r.config.Getenv, Now: time.Now}
	return Of(r.config, &Dependencies{
		Tables: tables.New(&tables.Options{
			Tables: r.config.Tables, Rows: rows, Secrets: secrets, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}),
		Secrets: secrets, Now: time.Now,
	})
}

// Offline returns what enriches with the rows and answers of samples, the first that has some for a name, and makes no
// call. A table that is a file has its own rows where no sample has others. The expressions of t find the same rows,
// until this is called again.
func (r *Rehearsal) Offline(t *transform.Transformer, samples ...sample.Sample) (*Enricher, error) {
	if r == nil {
		return nil, nil
	}
	o := &Options{Steps: &r.config.Enrich, Tables: map[string]Finder{}, Now: time.Now}
	answers := map[string][]byte{}
	rows := map[string]sample.Data{}
	fixed := map[string]fixedRows{}
	for _, one := range slices.Backward(samples) {
		for name, text := range one.Answers {
			answers[name] = text
		}
		maps.Copy(rows, one.Rows)
	}
	for i := range r.config.Tables {
		of := &r.config.Tables[i]
		one := fixedRows{of.Rows}
		if text, ok := rows[of.Name]; ok {
			var err error
			if one.Table, err = table.Read(text, table.JSON, of.Key); err != nil {
				return nil, errors.New("the rows of table " + of.Name + ": " + err.Error())
			}
		}
		o.Tables[of.Name], fixed[of.Name] = one, one
	}
	if seen, ok := t.Tables().(*config.Rows); ok {
		seen.Use(func(name string) (*table.Table, error) {
			if fixed[name].Table == nil {
				return nil, errNoRows
			}
			return fixed[name].Table, nil
		})
	}
	if set := lookup.New(&lookup.Options{
		Definitions: r.config.Lookups, Answers: answers, Now: time.Now,
	}); set != nil {
		o.Lookups = set
	}
	return New(o), nil
}

// fixedRows are rows that do not change.
type fixedRows struct{ *table.Table }

var errNoRows = errors.New("the sample has no rows of the table")

// Find implements [Finder].
func (f fixedRows) Find(_ context.Context, key any) (Found, error) {
	if f.Table == nil {
		return Found{}, errNoRows
	}
	if row, ok := f.Table.Find(key); ok {
		return Found{Row: row}, nil
	}
	return Found{}, nil
}

// Try applies the steps to a message, and tells what became of each. A nil Enricher has none.
func (e *Enricher) Try(ctx context.Context, source string, m *message.Message) ([]enrich.Result, error) {
	if e == nil {
		return nil, nil
	}
	var results []enrich.Result
	now := e.Now()
	rq := &Request{Source: source, Until: Until(ctx, now, now.Add(tryTime))}
	err := e.message(ctx, rq, m, func(r enrich.Result) { results = append(results, r) })
	return results, err
}

// tryTime is how long the least patient senders wait.
const tryTime = 5 * time.Second
