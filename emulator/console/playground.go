package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// tryTimeout is the bound of a trial, whatever the mapping that is being typed does.
const tryTimeout = 2 * time.Second

// Playground tries mappings. The emulator does not know how Mayfly maps, so whoever creates the page passes this.
type Playground interface {
	// Sources lists the sources.
	Sources() []SourceName
	// Source returns a source with its mapping and samples; false: there is none of that name.
	Source(name string) (Source, bool)
	// Try maps a request. Errors in the mapping or the request are part of the result.
	Try(ctx context.Context, t Trial) Result
}

// SourceName is an entry in the list of sources.
type SourceName struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Group string `json:"group,omitempty"` // under which it is listed, as in Weather and air
}

// Source is a source with its mapping and samples.
type Source struct {
	SourceName
	Docs       string   `json:"docs,omitempty"`
	Setup      string   `json:"setup,omitempty"`
	Definition string   `json:"definition,omitempty"` // YAML; empty where the format is fixed
	File       string   `json:"file,omitempty"`       // that the definition stands in; empty for a built-in one
	Codec      string   `json:"codec,omitempty"`      // the script that decodes its payloads, where it is the user's
	HasCodec   bool     `json:"hasCodec,omitempty"`   // bytes can be tried
	Samples    []Sample `json:"samples"`
}

// Sample is a request as the source's sender makes it.
type Sample struct {
	Name    string  `json:"name"`
	Request Request `json:"request"`
}

// Request is a request that is mapped but never sent.
type Request struct {
	Method  string            `json:"method,omitempty"` // POST by default
	Path    string            `json:"path,omitempty"`   // the source's by default
	Query   map[string]string `json:"query,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body"`
}

// Trial is a request to a source, with its built-in mapping or another one.
type Trial struct {
	Source     string  `json:"source"`
	Definition string  `json:"definition,omitempty"`
	Request    Request `json:"request"`
	Codec      string  `json:"codec,omitempty"` // a script in place of the source's codec

	// Bytes are for the codec alone, as hex or base64; then there is no request.
	Bytes   string `json:"bytes,omitempty"`
	Port    int    `json:"fPort,omitempty"`
	Profile string `json:"profile,omitempty"`
}

// Result is what would be sent, or why nothing would be.
type Result struct {
	Messages []Message `json:"messages,omitempty"`
	Ignored  int       `json:"ignored,omitempty"` // parts that are not telemetry
	Answer   string    `json:"answer,omitempty"`  // what the sender would get
	Problem  *Problem  `json:"problem,omitempty"`
	Steps    []Step    `json:"steps,omitempty"` // the values of the expressions
}

// Message is a message that would be sent to a hub.
type Message struct {
	DeviceID   string            `json:"deviceId"`
	ModelID    string            `json:"modelId,omitempty"`
	GatewayID  string            `json:"gatewayId,omitempty"`
	Component  string            `json:"component,omitempty"`
	MessageID  string            `json:"messageId,omitempty"`
	Time       string            `json:"time,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
	Body       string            `json:"body"` // a string, so that the page shows every digit
}

// Problem is why nothing would be sent.
type Problem struct {
	Where  string  `json:"where"` // mapping or request
	Status int     `json:"status,omitempty"`
	Code   string  `json:"code,omitempty"`
	Detail string  `json:"detail"`
	Fields []Field `json:"fields,omitempty"`
	Places []Place `json:"places,omitempty"` // in the text of the mapping
}

// Place is where something is wrong in a text. Lines and columns count from 1.
type Place struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

// Field is a field that is invalid.
type Field struct {
	Path string `json:"path"`
	Rule string `json:"rule,omitempty"`
	Hint string `json:"hint"`
}

// Step is one expression of a mapping with its value.
type Step struct {
	Part       string `json:"part,omitempty"` // of a body that holds several messages
	Name       string `json:"name"`
	Expression string `json:"expression,omitempty"`
	Value      string `json:"value,omitempty"`
	Error      string `json:"error,omitempty"`
}

func (h *handler) sources(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, h.o.Playground.Sources())
}

func (h *handler) source(w http.ResponseWriter, r *http.Request) {
	s, ok := h.o.Playground.Source(r.PathValue("name"))
	if !ok {
		writeError(w, http.StatusNotFound, errors.New("unknown source"))
		return
	}
	writeJSON(w, http.StatusOK, s)
}

func (h *handler) try(w http.ResponseWriter, r *http.Request) {
	var t Trial
	if err := json.NewDecoder(r.Body).Decode(&t); err != nil {
		writeError(w, http.StatusBadRequest, fmt.Errorf("not a trial: %w", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), tryTimeout)
	defer cancel()
	writeJSON(w, http.StatusOK, h.o.Playground.Try(ctx, t))
}
