// Package named knows the files that a configuration file names. It opens them for those who read them, and so sees all
// of them: a part of the configuration that reads its files from here is packed without more.
//
// It does not know what is in them. Start reading at Files.
package named
