// Package devicelist reads lists of device ids as people have them, and writes the files with which many devices are
// created at once in IoT Central, in an IoT hub and in DPS.
//
// It derives no keys and opens no files. To read the source, start at read.go; write.go has the forms.
package devicelist
