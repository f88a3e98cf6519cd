// Package profile stands in for github.com/google/pprof/profile in builds of
// Mayfly (see the replace directive in go.mod). goja's profiler names these types,
// and nothing here ever starts it; but the real package compiles twenty regular
// expressions when a process starts, which made each cold start a fifth longer
// than that of an empty function. If goja comes to need more of it, the build
// says so.
package profile

import (
	"errors"
	"io"
)

// Profile is what a profiler would collect.
type Profile struct {
	SampleType    []*ValueType
	Sample        []*Sample
	Mapping       []*Mapping
	Location      []*Location
	Function      []*Function
	TimeNanos     int64
	DurationNanos int64
	PeriodType    *ValueType
	Period        int64
}

// ValueType is the kind and the unit of a value.
type ValueType struct{ Type, Unit string }

// Sample is where time was spent.
type Sample struct {
	Location []*Location
	Value    []int64
}

// Mapping is what was executed.
type Mapping struct {
	ID           uint64
	File         string
	HasFunctions bool
}

// Location is a place in it.
type Location struct {
	ID      uint64
	Mapping *Mapping
	Address uint64
	Line    []Line
}

// Line is a line of a function.
type Line struct {
	Function     *Function
	Line, Column int64
}

// Function is a function of a program.
type Function struct {
	ID                         uint64
	Name, SystemName, Filename string
	StartLine                  int64
}

// Write tells that there is no profile.
func (*Profile) Write(io.Writer) error { return errors.New("profiling is not built in") }
