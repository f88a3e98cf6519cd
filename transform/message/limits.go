package message

// Limits of one request. A body is bounded by its caller before it comes here;
// these bound what it becomes.
const (
	// maxDepth bounds how deep a body may be nested. Device models allow 5 (DTDL
	// v3, "Schemas"); webhooks add some.
	MaxDepth = 100

	// maxValues bounds the values of a body or of a codec's answer, and
	// maxContainers the objects and arrays of a body: an empty one has two bytes
	// there and some hundred here.
	MaxValues     = 250_000
	MaxContainers = 100_000

	// MaxMemory bounds what a body becomes in memory, in bytes, as far as eight times the
	// body is not more.
	MaxMemory = 256 << 20

	// maxMessages bounds the messages of a body.
	MaxMessages = 10_000

	// maxFieldErrors bounds the answer to a batch that is wrong throughout.
	MaxFieldErrors = 100
)
