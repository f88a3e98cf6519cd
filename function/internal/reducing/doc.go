// Package reducing reduces the readings of a request as the configuration says: by the reduce of the source, else of
// the fleet, else of the file. How readings are reduced is decided by package transform/reduce. Start at
// Reducer.Reduce.
package reducing
