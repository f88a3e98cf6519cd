package samplefile

import (
	"os"
	"path/filepath"
)

// Replace puts a text in place of that of a file. Whoever reads the file meanwhile has one or the other, but where its
// folder does not take a new file: there it is written in its place.
func Replace(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path) // a link stays one
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if rename(path, text, info.Mode().Perm()) == nil {
		return nil
	}
	return os.WriteFile(path, text, info.Mode().Perm())
}

func rename(path string, text []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".mayfly-*.tmp")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // where it was not renamed
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if wrong := f.Close(); err == nil {
		err = wrong
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
