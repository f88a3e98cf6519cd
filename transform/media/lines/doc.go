// Package lines reads the formats whose lines stand for themselves: CSV and InfluxDB line
// protocol. A line that cannot be read may be left out, and is named then.
//
// It knows nothing of media types and requests. Start reading at CSV.Decode and Influx.
package lines
