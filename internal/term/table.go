package term

import (
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// Column is one column of a table.
type Column struct {
	Title string
	Right bool // align to the right, for numbers
}

// Table lines cells up in columns. Cells may hold styled text.
type Table struct {
	Columns []Column
	rows    [][]string
}

// Row adds a row; missing cells are empty.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(t.Columns))
	copy(row, cells)
	t.rows = append(t.rows, row)
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Render returns the table, each line ending in "\n" and without blanks
// before it. The last column is wrapped to what term's width leaves for it, at
// least twenty columns; the others keep the width of their widest cell.
func (t *Table) Render(term *Terminal) string {
	last := len(t.Columns) - 1
	used := 1
	for i := range last {
		used += t.width(i) + 2
	}
	limit := max(20, term.Width-used)
	rows := make([][]string, len(t.rows))
	for i, r := range t.rows {
		rows[i] = append([]string(nil), r...)
		if Width(r[last]) > limit {
			rows[i][last] = lipgloss.Wrap(r[last], limit, "")
		}
	}
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = term.Faint(c.Title)
	}
	out := table.New().Rows(rows...).Wrap(true).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderColumn(false).BorderHeader(false).BorderRow(false).
		StyleFunc(func(_, col int) lipgloss.Style {
			s := lipgloss.NewStyle()
			if col < last {
				s = s.PaddingRight(2)
			}
			if col == 0 {
				s = s.PaddingLeft(1)
			}
			if t.Columns[col].Right {
				s = s.Align(lipgloss.Right)
			}
			return s
		})
	if strings.Join(titles, "") != "" {
		out = out.Headers(titles...)
	}
	var b strings.Builder
	for line := range strings.Lines(out.Render() + "\n") {
		b.WriteString(strings.TrimRight(line, " \n"))
		b.WriteByte('\n')
	}
	return b.String()
}

func (t *Table) width(col int) int {
	w := Width(t.Columns[col].Title)
	for _, r := range t.rows {
		w = max(w, Width(r[col]))
	}
	return w
}
