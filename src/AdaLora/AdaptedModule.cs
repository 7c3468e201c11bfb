using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Targeting;

namespace AdaLora;

/// <summary>One adapted matrix in a report.</summary>
public sealed class AdaptedModule
{
    internal AdaptedModule(string name, long outFeatures, long inFeatures, int initialRank, int liveRank, RankLimits limits, AttachmentWay way)
    {
        Name = name;
        OutFeatures = outFeatures;
        InFeatures = inFeatures;
        InitialRank = initialRank;
        LiveRank = liveRank;
        MinimumRank = limits.Minimum ?? 0;
        MaximumRank = limits.Maximum;
        Attachment = way.Method;
        AttachmentReason = way.Reason;
    }

    /// <summary>Dotted name of the module in the model.</summary>
    public string Name { get; }

    /// <summary>Rows of P and of the base weight.</summary>
    public long OutFeatures { get; }

    /// <summary>Columns of Q and of the base weight.</summary>
    public long InFeatures { get; }

    /// <summary>Triplets at the start.</summary>
    public int InitialRank { get; }

    /// <summary>Triplets the latest mask kept.</summary>
    public int LiveRank { get; }

    /// <summary>How many triplets every mask leaves at least, or all if it holds fewer; 0 for none.</summary>
    public int MinimumRank { get; }

    /// <summary>How many triplets every mask leaves at most; null for any number.</summary>
    public int? MaximumRank { get; }

    /// <summary>How the adapter is attached.</summary>
    public AttachmentMethod Attachment { get; }

    /// <summary>Why it does not replace its layer; empty if it does.</summary>
    public string AttachmentReason { get; }

    /// <summary>Parameters of the live triplets: rank · (out + in + 1).</summary>
    public long LiveParameters => LiveRank * (OutFeatures + InFeatures + 1);
}
