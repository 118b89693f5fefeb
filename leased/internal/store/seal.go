// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
)

// sumSize is in bytes. The sum detects accidents; a program that may write here could
// compute it, too.
const sumSize = 16

// prefixSize is the size of the part before the record in a file.
const prefixSize = len(`{"sum":"`) + 2*sumSize + len(`","record":`)

var errSum = errors.New("not a record, or its checksum does not match its content and name")

// seal returns the file of a record. Its checksum covers its name, so that the record of
// one lease under the name of another is refused.
func seal(name string, record []byte) []byte {
	sum := sha256.New()
	sum.Write(append([]byte(name), 0))
	sum.Write(record)
	b := append(make([]byte, 0, prefixSize+len(record)+len("}\n")), `{"sum":"`...)
	b = append(hex.AppendEncode(b, sum.Sum(nil)[:sumSize]), `","record":`...)
	return append(append(b, record...), "}\n"...)
}

// unseal returns the record in a file. The file must be, byte for byte, what seal makes
// of the record: a JSON decoder would take "SUM" for "sum", the last of two, and blanks
// anywhere.
func unseal(name string, b []byte) ([]byte, error) {
	if len(b) < prefixSize+len("}\n") {
		return nil, errSum
	}
	record := b[prefixSize : len(b)-len("}\n")]
	if !json.Valid(record) || !bytes.Equal(b, seal(name, record)) {
		return nil, errSum
	}
	return record, nil
}
