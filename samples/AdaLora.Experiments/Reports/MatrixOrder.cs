namespace AdaLora.Experiments.Reports;

/// <summary>The order in which a layer computes its matrices, known by parts of their names, so that tables of a run and of what was saved look alike.</summary>
internal static class MatrixOrder
{
    private static readonly string[] Parts =
    [
        "query", "q_lin", "key", "k_lin", "value", "v_lin", "attention.output", "out_lin", "intermediate", "lin1", "output", "lin2",
    ];

    /// <summary>A number to sort by; matrices of unknown names come last.</summary>
    public static int Of(string matrix) =>
        Array.FindIndex(Parts, part => matrix.Contains(part, StringComparison.Ordinal)) is >= 0 and var place ? place : Parts.Length;
}
