using System.Globalization;
using AdaLora.Experiments.Reports;
using AdaLora.Peft;
using Spectre.Console;

namespace AdaLora.Experiments.Terminal;

/// <summary>Shows an inspected adapter: counts in two lines, ranks by matrix and layer, then a row of measurements per matrix.</summary>
internal static class InspectionTable
{
    private const string Nothing = "–";

    private static readonly string[] Measurements = ["size", "rank", "singular values", "norm of product", "largest |lambda|", "strongest triplet", "|P'P - I|", "|QQ' - I|"];

    public static void Write(IAnsiConsole console, string folder, AdapterInspection inspection)
    {
        // Not through the console, which would break long lines.
        var output = console.Profile.Out.Writer;
        output.WriteLine(
            $"{inspection.Kind} adapter in {folder}: {Formats.Count(inspection.KeptTriplets)} of {Formats.Count(inspection.InitialTriplets)} triplets kept in {inspection.Matrices.Count} matrices, "
            + (inspection.AreRanksFinal ? "ranks are settled" : "ranks are not settled yet"));
        output.WriteLine($"{Formats.Count(inspection.AdapterParameters)} parameters in triplets, {Formats.Count(inspection.ParametersInFull)} trained without adapters{Names(inspection.TrainedInFull)}");
        RankTable.Write(console, InspectionRanks.Of(inspection), "ranks");
        WriteMeasurements(console, inspection);
    }

    private static string Names(IReadOnlyList<InspectedModule> modules)
    {
        const int Most = 5;
        if (modules.Count == 0)
            return "";
        var names = modules.Take(Most).Select(module => module.Name);
        return $" ({string.Join(", ", names)}{(modules.Count > Most ? $" and {modules.Count - Most} more" : "")})";
    }

    private static void WriteMeasurements(IAnsiConsole console, AdapterInspection inspection)
    {
        var prefix = CommonPrefix(inspection.Matrices);
        var table = new Table().Title(prefix.Length == 0 ? "matrices" : $"matrices of {Markup.Escape(prefix)}").Border(TableBorder.Rounded).AddColumn("module");
        foreach (var name in Measurements)
            _ = table.AddColumn(new TableColumn(Markup.Escape(name)).RightAligned().NoWrap());
        foreach (var matrix in inspection.Matrices)
            _ = table.AddRow([Markup.Escape(prefix.Length == 0 ? matrix.Name : matrix.Name[(prefix.Length + 1)..]), .. Cells(matrix)]);
        console.Write(table);
    }

    // Names without the part that they share fit into the table.
    private static string CommonPrefix(IReadOnlyList<InspectedMatrix> matrices) =>
        matrices.Select(matrix => ModuleName.Parse(matrix.Name).Prefix).Distinct().ToList() is [var only] ? only : "";

    private static IEnumerable<string> Cells(InspectedMatrix matrix)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{matrix.OutFeatures} × {matrix.InFeatures}");
        yield return string.Create(CultureInfo.InvariantCulture, $"{matrix.Rank} of {matrix.InitialRank}");
        yield return matrix.SingularValues is [var first, .., var last] ? $"{Formats.Number(first)} … {Formats.Number(last)}" : Number(matrix.SingularValues is [var only] ? only : null);
        yield return Number(matrix.FrobeniusNorm);
        yield return Number(matrix.Triplets.Max(triplet => triplet.Lambda is { } lambda ? Math.Abs(lambda) : (double?)null));
        yield return matrix.Rank == 0 ? Nothing : matrix.Triplets.Max(triplet => triplet.Energy).ToString("P0", CultureInfo.InvariantCulture);
        yield return Number(matrix.LeftError);
        yield return Number(matrix.RightError);
    }

    private static string Number(double? value) => value is { } number ? Formats.Number(number) : Nothing;
}
