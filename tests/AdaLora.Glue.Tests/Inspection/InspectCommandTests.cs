using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using SkiaSharp;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class InspectCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public InspectCommandTests() => SavedAdapters.Write(Adapter);

    public void Dispose() => _line.Dispose();

    private string Adapter => _line.Path("run", "adapter");

    [Fact]
    public void Table_tells_budget_counts_ranks_and_measurements()
    {
        Assert.Equal(ExitCode.Success, _line.Run("inspect", Adapter));

        Assert.Contains("6 of 12 triplets kept in 3 matrices, ranks are settled", _line.OutputText);
        Assert.Contains($"{6 * (5 + 6 + 1)} parameters in triplets, 2 trained without adapters (classifier)", _line.OutputText);
        Assert.Equal(["query", "2", "0", "2"], Cells("query"));
        Assert.Equal(["value", "", "4", "4"], Cells("value"));
        Assert.Equal(["0.query", "5 × 6", "2 of 4", "2 … 1", "2.24", "2", "80 %", "0", "0"], Cells("0.query"));
        Assert.Equal(["1.query", "5 × 6", "0 of 4", "–", "0", "–", "–", "0", "0"], Cells("1.query"));
        Assert.Equal(["1.value", "5 × 6", "4 of 4", "4 … 0", "5.02", "4", "63 %", "0", "0"], Cells("1.value"));
        Assert.Empty(_line.ErrorText);
    }

    [Fact]
    public void The_output_folder_of_a_run_stands_for_its_adapter()
    {
        Assert.Equal(ExitCode.Success, _line.Run("inspect", _line.Path("run")));

        Assert.Contains("6 of 12 triplets", _line.OutputText);
    }

    [Fact]
    public void Json_is_everything_and_nothing_else()
    {
        Assert.Equal(ExitCode.Success, _line.Run("inspect", Adapter, "--json"));

        var root = JsonNode.Parse(_line.OutputText)!;
        Assert.Equal("ADALORA", root["kind"]!.GetValue<string>());
        Assert.Equal((12, 6), (root["initial_triplets"]!.GetValue<int>(), root["kept_triplets"]!.GetValue<int>()));
        var matrix = root["matrices"]![0]!;
        Assert.Equal("bert.layer.0.query", matrix["name"]!.GetValue<string>());
        Assert.Equal([2.0, 1.0], matrix["singular_values"]!.AsArray().Select(value => Math.Round(value!.GetValue<double>(), 9)));
        Assert.Equal([-2.0, 1.0], matrix["triplets"]!.AsArray().Select(triplet => triplet!["lambda"]!.GetValue<double>()));
        Assert.Equal([0.8, 0.2], matrix["triplets"]!.AsArray().Select(triplet => Math.Round(triplet!["energy"]!.GetValue<double>(), 9)));
    }

    [Fact]
    public void Csv_has_a_row_per_triplet_and_one_for_a_matrix_without_any()
    {
        Assert.Equal(ExitCode.Success, _line.Run("inspect", Adapter, "--csv", _line.Path("triplets.csv")));

        var rows = File.ReadAllLines(_line.Path("triplets.csv")).Select(line => line.Split(',')).ToList();
        Assert.Equal(1 + 2 + 1 + 4, rows.Count);
        Assert.All(rows, row => Assert.Equal(rows[0].Length, row.Length));
        Assert.Equal(["bert.layer.0.query", "0", "query", "5", "6", "4", "2"], rows[1][..7]);
        Assert.Equal(["1", "1"], [Cell(rows[2], "triplet"), Cell(rows[2], "lambda")]);
        Assert.Equal(["0", "", ""], [Cell(rows[3], "rank"), Cell(rows[3], "triplet"), Cell(rows[3], "singular_value")]);
        Assert.Equal([4.0, 3.0, 0.5, 0.0], rows[4..].Select(row => Math.Round(double.Parse(Cell(row, "singular_value"), System.Globalization.CultureInfo.InvariantCulture), 9)));

        string Cell(string[] row, string name) => row[Array.IndexOf(rows[0], name)];
    }

    [Fact]
    public void Picture_has_ranks_and_spectrum_side_by_side()
    {
        Assert.Equal(ExitCode.Success, _line.Run("inspect", Adapter, "--png", _line.Path("adapter.png")));

        var picture = SKBitmap.Decode(_line.Path("adapter.png"));
        var dark = new ScottPlot.Colormaps.Viridis().GetColor(0);
        var map = Columns(pixel => Math.Abs(pixel.Red - dark.R) + Math.Abs(pixel.Green - dark.G) + Math.Abs(pixel.Blue - dark.B) < 6);
        // The second kind of matrix is orange, a colour that no rank has.
        var curves = Columns(pixel => pixel.Red > 200 && pixel.Green is > 120 and < 210 && pixel.Blue < 160);
        Assert.True(map.Count > 50 && curves.Count > 50, "both panels are drawn");
        Assert.True(map[^1] < curves[curves.Count / 2], "the spectrum is on the right");

        List<int> Columns(Func<SKColor, bool> isMeant) =>
            [.. Enumerable.Range(0, picture.Width).Where(x => Enumerable.Range(0, picture.Height).Any(y => isMeant(picture.GetPixel(x, y))))];
    }

    [Fact]
    public void Help_has_examples()
    {
        Assert.Equal(ExitCode.Success, _line.Run("inspect", "--help"));

        Assert.All((string[])["FOLDER", "--json", "--csv <FILE>", "--png <FILE>", "Examples:", "inspect runs/"], text => Assert.Contains(text, _line.OutputText));
    }

    [Fact]
    public void A_folder_that_is_not_there_or_holds_no_adapter_is_bad_input()
    {
        AssertRefused("does not exist", _line.Path("absent"));
        AssertRefused("holds no adapter", _line.Data);
    }

    [Fact]
    public void Broken_weights_are_bad_input()
    {
        File.WriteAllText(Path.Combine(Adapter, "adapter_model.safetensors"), "version https://git-lfs");
        AssertRefused("git lfs pull", Adapter);
    }

    [Fact]
    public void Another_kind_of_adapter_is_bad_input()
    {
        File.WriteAllText(Path.Combine(Adapter, "adapter_config.json"), """{ "peft_type": "IA3" }""");
        AssertRefused("'IA3'", Adapter);
    }

    private void AssertRefused(string reason, string folder)
    {
        var before = _line.ErrorText.Length;
        Assert.Equal(ExitCode.BadInput, _line.Run("inspect", folder));
        var error = _line.ErrorText[before..];
        Assert.Contains(reason, error);
        _ = Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Empty(_line.OutputText);
    }

    /// <summary>The cells of the row whose first cell is <paramref name="first"/>.</summary>
    private string[] Cells(string first) =>
        [.. _line.OutputText.Split('\n').Select(line => line.Split('│')).Single(cells => cells.Length > 2 && cells[1].Trim() == first)[1..^1].Select(cell => cell.Trim())];
}
