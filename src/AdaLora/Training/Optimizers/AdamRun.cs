namespace AdaLora.Training.Optimizers;

/// <summary>A run of entries and the numbers of their step.</summary>
/// <param name="Start">Index of the first entry.</param>
/// <param name="Length">Number of entries.</param>
/// <param name="Step">The numbers.</param>
internal readonly record struct AdamRun(long Start, long Length, AdamStep Step)
{
    public long End => Start + Length;
}
