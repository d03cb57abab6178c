package render

// Columns is for tests of layout.
var Columns = columns
