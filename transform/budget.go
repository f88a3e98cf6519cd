package transform

// budget counts the values of a body, so that none becomes much larger in memory
// than it is.
type budget struct{ values, containers int }

func (b *budget) value() error {
	if b.values++; b.values > MaxValues {
		return tooMuch()
	}
	return nil
}

func (b *budget) container() error {
	if b.containers++; b.containers > MaxContainers {
		return tooMuch()
	}
	return b.value()
}

func tooMuch() *Error {
	return &Error{Kind: Invalid, Detail: "the body holds too many values", Fields: []FieldError{
		{Path: "body", Rule: "max", Hint: "may hold 250000 values at most, 100000 of them objects and arrays"},
	}}
}
