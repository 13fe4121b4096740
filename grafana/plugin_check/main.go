// Command plugin_check reads a serving file as Grafana's DuckDB data source does: with the driver and the DuckDB that it
// embeds (1.5.4), in a pool of connections, and as frames of Grafana's own SDK.
//
// It reads a request a line from standard input and answers each with a line of JSON:
//
//	{"open": path}  {}, from now on this file is asked; one that was open before stays so, as in the plugin
//	{"sql": sql}    {"frame": a frame as Grafana's browser gets it}
//
// What fails is answered with {"error": why}.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
)

const (
	patience = 30 * time.Second // the plugin's
	longest  = 1 << 20          // bytes of a request
)

type request struct {
	Open string `json:"open"`
	SQL  string `json:"sql"`
}

type answer struct {
	Frame json.RawMessage `json:"frame,omitempty"`
	Error string          `json:"error,omitempty"`
}

func open(path string) (*sql.DB, error) {
	connector, err := duckdb.NewConnector(path, nil)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	return db, db.Ping()
}

func ask(db *sql.DB, query string) (json.RawMessage, error) {
	if db == nil {
		return nil, errors.New("no file is open")
	}
	soon, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rows, err := db.QueryContext(soon, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	frame, err := sqlutil.FrameFromRows(rows, -1)
	if err != nil {
		return nil, err
	}
	return data.FrameToJSON(frame, data.IncludeAll)
}

func main() {
	var db *sql.DB
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longest)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		var said answer
		err := json.Unmarshal(lines.Bytes(), &asked)
		switch {
		case err != nil:
		case asked.Open != "":
			db, err = open(asked.Open)
		default:
			said.Frame, err = ask(db, asked.SQL)
		}
		if err != nil {
			said.Error = err.Error()
		}
		if err := out.Encode(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
