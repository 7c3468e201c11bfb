namespace AdaLora.Bank;

/// <summary>A run of entries of a parameter that are trained with a multiple of its learning rate.</summary>
/// <param name="Start">Index of the first entry.</param>
/// <param name="Length">Number of entries, at least 1.</param>
/// <param name="Factor">The multiple.</param>
internal readonly record struct RateRun(long Start, long Length, double Factor)
{
    /// <summary>The runs of a layout, which cover every entry in order; neighbours with equal factors are one.</summary>
    public static IReadOnlyList<RateRun> Of(BankLayout layout, LearningRateFactors factors)
    {
        var runs = new List<RateRun>();
        foreach (var part in layout.Parts)
        {
            var factor = part.Kind switch { TripletPart.P => factors.P, TripletPart.Q => factors.Q, _ => factors.Lambda };
            if (part.Length == 0)
                continue;
            if (runs is [.., var last] && last.Factor == factor)
                runs[^1] = last with { Length = last.Length + part.Length };
            else
                runs.Add(new RateRun(part.Start, part.Length, factor));
        }

        return runs;
    }
}
