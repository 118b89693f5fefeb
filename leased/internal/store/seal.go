// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// sumSize is in bytes. The sum is against accidents: who may write here could
// compute it, too.
const sumSize = 16

// prefixSize is of what stands before the record in a file.
const prefixSize = len(`{"sum":"`) + 2*sumSize + len(`","record":`)

var errSum = errors.New("it is not what was written under this name: no record, or its checksum differs")

// seal makes a file of a record. Its checksum covers its name, so that the record
// of one lease under the name of another is none.
func seal(name string, record []byte) []byte {
	sum := sha256.New()
	sum.Write(append([]byte(name), 0))
	sum.Write(record)
	return fmt.Appendf(nil, `{"sum":"%s","record":%s}`+"\n", hex.EncodeToString(sum.Sum(nil)[:sumSize]), record)
}

// unseal returns the record in a file. The file has to be, byte for byte, what
// seal makes of the record: a JSON decoder would take "SUM" for "sum", the last
// one of two, and blanks wherever it likes.
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
