// Writes random goleveldb databases with what goleveldb itself reads back from a copy.
//
//	go run . -out FOLDER -seed 1 -count 50
//
// Each FOLDER/<seed> has the database in db and expected.json: how it was ended, the rows in key order, absent keys.
package main

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
)

type expected struct {
	Ending string      `json:"ending"`
	Rows   [][2]string `json:"rows"`
	Absent []string    `json:"absent"`
}

func main() {
	out := flag.String("out", "", "folder for the databases")
	seed := flag.Int64("seed", 1, "first seed")
	count := flag.Int64("count", 1, "how many databases")
	flag.Parse()
	for s := *seed; s < *seed+*count; s++ {
		if err := writeDatabase(filepath.Join(*out, strconv.FormatInt(s, 10)), rand.New(rand.NewSource(s))); err != nil {
			log.Fatalf("seed %d: %v", s, err)
		}
	}
}

var endings = []string{"closed", "abandoned", "log only", "truncated log", "half-written table", "empty"}

func writeDatabase(folder string, random *rand.Rand) error {
	ending := endings[random.Intn(len(endings))]
	live := filepath.Join(folder, "live")
	options := randomOptions(random, ending)
	workload := &workload{random: random, keys: randomKeys(random)}
	db, err := leveldb.OpenFile(live, options)
	if err != nil {
		return err
	}
	sessions := 1 + random.Intn(3)
	if ending == "log only" || ending == "empty" {
		sessions = 1
	}
	for session := 0; session < sessions; session++ {
		if ending != "empty" {
			if err := workload.run(db, ending == "log only"); err != nil {
				return err
			}
		}
		if session+1 < sessions {
			if err := db.Close(); err != nil {
				return err
			}
			if db, err = leveldb.OpenFile(live, options); err != nil {
				return err
			}
		}
	}
	target := filepath.Join(folder, "db")
	if ending == "closed" {
		if err := db.Close(); err != nil {
			return err
		}
		err = copyFolder(live, target)
	} else {
		// Compactions end by themselves; a copy in the middle of one could name tables that are gone.
		time.Sleep(100 * time.Millisecond)
		err = copyFolder(live, target)
		db.Close()
	}
	if err != nil {
		return err
	}
	if err := spoil(target, ending, random); err != nil {
		return err
	}
	if err := recordRows(folder, target, ending, workload.keys); err != nil {
		return err
	}
	return os.RemoveAll(live)
}

func randomOptions(random *rand.Rand, ending string) *opt.Options {
	options := &opt.Options{
		BlockSize:            []int{64, 256, 1024, 4096}[random.Intn(4)],
		BlockRestartInterval: []int{1, 2, 16}[random.Intn(3)],
		WriteBuffer:          []int{4 << 10, 32 << 10, 4 << 20}[random.Intn(3)],
		CompactionTableSize:  []int{4 << 10, 64 << 10, 2 << 20}[random.Intn(3)],
		CompactionTotalSize:  []int{16 << 10, 10 << 20}[random.Intn(2)],
		Compression:          []opt.Compression{opt.SnappyCompression, opt.NoCompression}[random.Intn(2)],
	}
	if random.Intn(2) == 0 {
		options.Filter = filter.NewBloomFilter(10)
	}
	if ending == "log only" {
		options.WriteBuffer = 64 << 20
	}
	return options
}

type workload struct {
	random *rand.Rand
	keys   [][]byte
}

func randomKeys(random *rand.Rand) [][]byte {
	keys := make([][]byte, 20+random.Intn(600))
	for i := range keys {
		key := make([]byte, []int{1, 5, 33, 33, 33, 300}[random.Intn(6)])
		random.Read(key)
		if random.Intn(2) == 0 {
			key[0] = "brx"[random.Intn(3)]
		}
		keys[i] = key
	}
	return keys
}

func (w *workload) run(db *leveldb.DB, logOnly bool) error {
	for step := 0; step < 1+w.random.Intn(400); step++ {
		batch := new(leveldb.Batch)
		for n := 1 + w.random.Intn(4); n > 0; n-- {
			key := w.keys[w.random.Intn(len(w.keys))]
			if w.random.Intn(4) == 0 {
				batch.Delete(key)
			} else {
				batch.Put(key, w.value())
			}
		}
		if err := db.Write(batch, nil); err != nil {
			return err
		}
		if !logOnly && w.random.Intn(150) == 0 {
			if err := db.CompactRange(util.Range{}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *workload) value() []byte {
	value := make([]byte, []int{0, 8, 32, 200, 200, 3000, 70000}[w.random.Intn(w.random.Intn(7)+1)])
	if w.random.Intn(2) == 0 {
		w.random.Read(value)
	}
	return value
}

func copyFolder(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == "LOCK" || entry.Name() == "LOG" {
			continue
		}
		bytes, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, entry.Name()), bytes, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func spoil(dir, ending string, random *rand.Rand) error {
	switch ending {
	case "truncated log":
		logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
		if err != nil || len(logs) == 0 {
			return fmt.Errorf("no log: %v", err)
		}
		path := logs[len(logs)-1]
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, random.Int63n(info.Size()+1))
	case "half-written table":
		half := make([]byte, random.Intn(5000))
		random.Read(half)
		return os.WriteFile(filepath.Join(dir, "900000.ldb"), half, 0o644)
	}
	return nil
}

// recordRows opens a copy, because opening replays the log and rewrites the folder.
func recordRows(folder, dir, ending string, keys [][]byte) error {
	scratch := filepath.Join(folder, "copy")
	if err := copyFolder(dir, scratch); err != nil {
		return err
	}
	db, err := leveldb.OpenFile(scratch, nil)
	if err != nil {
		return err
	}
	result := expected{Ending: ending, Rows: [][2]string{}, Absent: []string{}}
	rows := db.NewIterator(nil, nil)
	for rows.Next() {
		result.Rows = append(result.Rows, [2]string{hex.EncodeToString(rows.Key()), hex.EncodeToString(rows.Value())})
	}
	rows.Release()
	if err := rows.Error(); err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := db.Get(key, nil); err == leveldb.ErrNotFound {
			result.Absent = append(result.Absent, hex.EncodeToString(key))
		} else if err != nil {
			return err
		}
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := os.RemoveAll(scratch); err != nil {
		return err
	}
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "expected.json"), text, 0o644)
}
