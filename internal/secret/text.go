package secret

import "mayfly/internal/redact"

// Text is a secret as a configuration has it, or a reference to one. It cannot be
// printed.
type Text = redact.Text

// NewText hides a text.
func NewText(text string) Text { return redact.NewText(text) }
