using System.Globalization;
using AdaLora.Peft;

namespace AdaLora.Experiments.Reports;

/// <summary>An inspected adapter as a table: a row per triplet, and one with the last fields empty for a matrix that has none left.</summary>
internal static class InspectionCsv
{
    private const string Header = "module,layer,matrix,out_features,in_features,initial_rank,rank,scale,frobenius_norm,left_error,right_error,triplet,lambda,norm,energy,singular_value\n";

    public static string Write(AdapterInspection inspection) => Header + string.Concat(inspection.Matrices.SelectMany(Rows));

    private static IEnumerable<string> Rows(InspectedMatrix matrix)
    {
        var name = ModuleName.Parse(matrix.Name);
        var start = string.Create(
            CultureInfo.InvariantCulture,
            $"{matrix.Name},{name.Layer},{name.Matrix},{matrix.OutFeatures},{matrix.InFeatures},{matrix.InitialRank},{matrix.Rank},{matrix.Scale},{matrix.FrobeniusNorm},{matrix.LeftError},{matrix.RightError}");
        if (matrix.Rank == 0)
            return [$"{start},,,,,\n"];
        // The two lists stand side by side; only sorted and orthogonal triplets have the singular value beside them as their norm.
        return matrix.Triplets.Select((triplet, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"{start},{i},{triplet.Lambda},{triplet.Norm},{triplet.Energy},{(i < matrix.SingularValues.Count ? matrix.SingularValues[i] : null)}\n"));
    }
}
