package codecset

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"mayfly/transform/codec"
	"mayfly/transform/message"
)

// Set is the codecs of a source. A nil Set has none.
type Set struct {
	usual     codec.Codec
	byPort    map[int]codec.Codec
	byProfile map[string]codec.Codec
}

// New makes the codecs that a definition names: usual, and others by a key that is a port where it is a number, else a
// device profile. Scripts are read from files. It gives nil for a definition that names none.
func New(usual string, others map[string]string, files fs.FS, engine codec.Engine) (*Set, message.Faults) {
	if usual == "" && len(others) == 0 {
		return nil, nil
	}
	var faults message.Faults
	made := map[string]codec.Codec{}
	compiled := func(field, spec string) codec.Codec {
		if made[spec] == nil {
			c, err := load(spec, files, engine)
			if err != nil {
				faults = append(faults, &message.Fault{Field: field, Problem: err.Error()})
				return nil
			}
			made[spec] = codec.Named{Codec: c, Name: spec}
		}
		return made[spec]
	}
	s := &Set{byPort: map[int]codec.Codec{}, byProfile: map[string]codec.Codec{}}
	if usual != "" {
		s.usual = compiled("codec", usual)
	}
	for _, key := range slices.Sorted(maps.Keys(others)) {
		made := compiled("codecs."+key, others[key])
		if port, err := strconv.Atoi(key); err == nil {
			s.byPort[port] = made
		} else {
			s.byProfile[key] = made
		}
	}
	return s, faults
}

func load(spec string, files fs.FS, engine codec.Engine) (codec.Codec, error) {
	if !strings.HasSuffix(spec, ".js") {
		return codec.New(spec, nil)
	}
	if files == nil {
		return nil, errors.New("a payload formatter in a file is for sources in a configuration file")
	}
	script, err := fs.ReadFile(files, path.Clean(spec))
	if err != nil {
		return nil, errors.New("cannot be read: " + err.Error())
	}
	return codec.Decoding(engine.Load(spec, script))
}

// HasProfiles tells whether there are codecs for device profiles.
func (s *Set) HasProfiles() bool { return s != nil && len(s.byProfile) > 0 }

// Pick gives the codec for a device profile or, where that has none, a port; nil where there is none.
func (s *Set) Pick(profile string, port int) codec.Codec {
	if s == nil {
		return nil
	}
	if found := s.byProfile[profile]; found != nil {
		return found
	}
	if found := s.byPort[port]; found != nil {
		return found
	}
	return s.usual
}

// Encoder gives the codec that encodes for a device profile; nil where there is none that does. Ports are those of
// uplinks: a source that has codecs for ports alone encodes by the one that encodes, if there is only one.
func (s *Set) Encoder(profile string) codec.Encoder {
	if picked := s.Pick(profile, 0); picked != nil || s == nil {
		return codec.EncoderOf(picked)
	}
	var found codec.Encoder
	for _, c := range s.byPort {
		e := codec.EncoderOf(c)
		if e != nil && found != nil && e != found {
			return nil
		}
		if e != nil {
			found = e
		}
	}
	return found
}
