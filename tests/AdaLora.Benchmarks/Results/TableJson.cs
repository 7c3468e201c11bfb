using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLora.Benchmarks;

/// <summary>Writes tables for programs: a list of tables, each with its rows, whose figures are named after their columns.</summary>
internal static class TableJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(IEnumerable<BenchmarkTable> tables) => new JsonArray([.. tables.Select(Of)]).ToJsonString(Indented) + "\n";

    private static JsonNode Of(BenchmarkTable table)
    {
        var node = new JsonObject { ["title"] = table.Title, ["rows"] = new JsonArray([.. table.Rows.Select(Of)]) };
        if (table.Note is not null)
            node["note"] = table.Note;
        return node;
    }

    private static JsonNode Of(BenchmarkRow row)
    {
        var node = new JsonObject { ["name"] = row.Name };
        foreach (var figure in row.Figures)
            node[KeyOf(figure.Column)] = double.IsFinite(figure.Value) ? figure.Value : null;
        return node;
    }

    private static string KeyOf(string column) => column.Replace(' ', '_').Replace(",", "", StringComparison.Ordinal).ToLowerInvariant();
}
