package seglog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

// Version is the format that this package writes, and the newest one that it reads.
const Version = 1

const (
	fileMagic  = "mayflyq\n"
	headerSize = 32 // magic 8, version 4, salt 8, first seq 8, checksum of these 4

	frameSize = 16      // magic 4, checksum 4, length of the payload 4, kind 1, zero 3
	putSize   = 20      // seq 8, time 8, length of key 2, length of id 2
	maxDone   = 1 << 16 // items that one record of done ones names

	kindPut  = 1
	kindDone = 2
)

// MaxName is the longest key and the longest id.
const MaxName = 1<<16 - 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("its checksum does not match")

type header struct {
	version uint32
	salt    uint64
	first   uint64
}

func (h header) encode() []byte {
	b := append(make([]byte, 0, headerSize), fileMagic...)
	b = binary.LittleEndian.AppendUint32(b, h.version)
	b = binary.LittleEndian.AppendUint64(b, h.salt)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeHeader reads the header of a segment. A newer version is told apart from damage by its checksum.
func decodeHeader(b []byte) (header, error) {
	if len(b) < headerSize || string(b[:8]) != fileMagic ||
		binary.LittleEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], castagnoli) {
		return header{}, errDamaged
	}
	return header{
		version: binary.LittleEndian.Uint32(b[8:]),
		salt:    binary.LittleEndian.Uint64(b[12:]),
		first:   binary.LittleEndian.Uint64(b[20:]),
	}, nil
}

// sum is the checksum of a record from its length on.
func sum(salt uint64, b []byte) uint32 {
	var s [8]byte
	binary.LittleEndian.PutUint64(s[:], salt)
	return crc32.Update(crc32.Checksum(s[:], castagnoli), castagnoli, b)
}

// magic is what the records of a segment begin with. It comes from the salt: nobody outside can write many of them into
// a payload, which would make the search for the next record slow.
func magic(salt uint64) uint32 { return uint32(salt>>32) ^ uint32(salt) | 1 }

// appendRecord appends a record whose payload is written by fill.
func appendRecord(b []byte, salt uint64, kind byte, fill func([]byte) []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, magic(salt))
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, kind, 0, 0, 0)
	b = fill(b)
	record := b[start:]
	binary.LittleEndian.PutUint32(record[8:], uint32(len(record)-frameSize))
	binary.LittleEndian.PutUint32(record[4:], sum(salt, record[8:]))
	return b
}

func appendPut(b []byte, salt, seq uint64, r *Record) []byte {
	return appendRecord(b, salt, kindPut, func(b []byte) []byte {
		b = binary.LittleEndian.AppendUint64(b, seq)
		b = binary.LittleEndian.AppendUint64(b, uint64(r.Put.UnixNano()))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(r.Key)))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(r.ID)))
		b = append(append(b, r.Key...), r.ID...)
		return append(b, r.Data...)
	})
}

func appendDone(b []byte, salt uint64, seqs []uint64) []byte {
	for len(seqs) > 0 {
		n := min(len(seqs), maxDone)
		b = appendRecord(b, salt, kindDone, func(b []byte) []byte {
			for _, seq := range seqs[:n] {
				b = binary.LittleEndian.AppendUint64(b, seq)
			}
			return b
		})
		seqs = seqs[n:]
	}
	return b
}

// recordSize is what a record takes in the log.
func recordSize(r *Record) int { return frameSize + putSize + len(r.Key) + len(r.ID) + len(r.Data) }

// frame is a record as it stands in a segment.
type frame struct {
	kind    byte
	payload []byte
}

// decodeFrame reads the record at the beginning of b; its size is frameSize and the payload's.
func decodeFrame(b []byte, salt uint64) (frame, bool) {
	if len(b) < frameSize || binary.LittleEndian.Uint32(b) != magic(salt) {
		return frame{}, false
	}
	n := int64(binary.LittleEndian.Uint32(b[8:]))
	if n > int64(len(b)-frameSize) || binary.LittleEndian.Uint32(b[4:]) != sum(salt, b[8:frameSize+n]) {
		return frame{}, false
	}
	return frame{kind: b[12], payload: b[frameSize : frameSize+n]}, true
}

// nextFrame finds the next valid record in b: its place, or -1.
func nextFrame(b []byte, salt uint64) int {
	first := binary.LittleEndian.AppendUint32(nil, magic(salt))
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], first)
		if i < 0 {
			return -1
		}
		at += i
		if _, ok := decodeFrame(b[at:], salt); ok {
			return at
		}
	}
}

func decodePut(payload []byte) (seq uint64, r Record, ok bool) {
	if len(payload) < putSize {
		return 0, Record{}, false
	}
	key := int(binary.LittleEndian.Uint16(payload[16:]))
	id := int(binary.LittleEndian.Uint16(payload[18:]))
	rest := payload[putSize:]
	if len(rest) < key+id {
		return 0, Record{}, false
	}
	return binary.LittleEndian.Uint64(payload), Record{
		Put: time.Unix(0, int64(binary.LittleEndian.Uint64(payload[8:]))),
		Key: string(rest[:key]), ID: string(rest[key : key+id]), Data: rest[key+id:],
	}, true
}
