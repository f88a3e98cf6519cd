package lookup

import (
	"time"

	"mayfly/function/internal/ratelimit"
	"mayfly/internal/secret"
	"mayfly/transform/mapping"
)

// Spec is a look-up as the configuration file has it.
type Spec struct {
	Name   string `yaml:"name"`   // by which enrich names it
	Method string `yaml:"method"` // GET or POST; GET
	// jq on the measurements, with $message and $key, that gives the URL; scheme and host must be constant, as in
	// @uri "https://api.example.com/assets/\(.serial)"; null: there is nothing to look up
	URL     mapping.Expr           `yaml:"url"`
	Headers map[string]secret.Text `yaml:"headers"` // values, or references to secrets as GROUP_KEY has them
	Body    mapping.Expr           `yaml:"body"`    // jq, as url, that gives the JSON to POST
	// jq on the measurements, with $message, that says which answer is wanted: messages with the same key share one;
	// enrich may say another by on; the URL where neither is there, and null where there is nothing to look up
	Key     mapping.Expr   `yaml:"key"`
	Select  mapping.Expr   `yaml:"select"`  // jq on the answer that gives what is kept of it; all of it
	TTL     *time.Duration `yaml:"ttl"`     // how long an answer is good for, unless it says a shorter time; 1m
	Stale   *time.Duration `yaml:"stale"`   // and how long after that while the service fails; its stale-if-error
	Timeout time.Duration  `yaml:"timeout"` // of a call; 2s
	Rate    ratelimit.Rate `yaml:"rate"`    // of calls, as in 10/s; no limit
	Allow   string         `yaml:"allow"`   // private: hosts of this machine and of private networks, and http, too
	Failed  string         `yaml:"failed"`  // ignore or refuse: what becomes of a message without its answer; ignore
}

// The values of Spec.Allow and Spec.Failed.
const (
	allowPrivate = "private"
	failedIgnore = "ignore"
	failedRefuse = "refuse"
)

// The bounds of a look-up.
const (
	MaxLookups = 32 // of a configuration

	defaultTTL     = time.Minute
	maxTTL         = 24 * time.Hour
	maxStale       = 7 * 24 * time.Hour
	staleOpen      = -1 // as the answer says
	defaultTimeout = 2 * time.Second
	minTimeout     = 50 * time.Millisecond
	maxTimeout     = 10 * time.Second
	maxHeaders     = 20
	maxNameLength  = 64
)

// Definition is a look-up that was checked, with its compiled expressions.
type Definition struct {
	Name    string
	Refuse  bool // a message without its answer is refused
	Private bool // hosts of private networks may be called

	method  string
	origin  origin
	headers map[string]secret.Reference
	ttl     time.Duration
	stale   time.Duration
	timeout time.Duration
	rate    ratelimit.Rate

	template             *template // of the URL, where it has one
	url, body, key, pick *mapping.Expression
}
