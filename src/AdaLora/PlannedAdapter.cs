using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Targeting;

namespace AdaLora;

/// <summary>A layer that would get an adapter.</summary>
public sealed class PlannedAdapter
{
    internal PlannedAdapter(string name, string kind, long outFeatures, long inFeatures, int initialRank, RankLimits limits, double alpha, double scale, AttachmentWay way)
    {
        Name = name;
        Kind = kind;
        OutFeatures = outFeatures;
        InFeatures = inFeatures;
        InitialRank = initialRank;
        Alpha = alpha;
        Scale = scale;
        MinimumRank = limits.Minimum ?? 0;
        MaximumRank = limits.Maximum;
        Attachment = way.Method;
        AttachmentReason = way.Reason;
    }

    /// <summary>Dotted name of the layer in the model.</summary>
    public string Name { get; }

    /// <summary>The layer's type, such as <c>Linear</c> or <c>Conv2d</c>.</summary>
    public string Kind { get; }

    /// <summary>Size of the output's last dimension, or output channels of a convolution.</summary>
    public long OutFeatures { get; }

    /// <summary>Size of the input's last dimension, or of the patch a convolution multiplies: channels per group · kernel height · kernel width.</summary>
    public long InFeatures { get; }

    /// <summary>Triplets at the start.</summary>
    public int InitialRank { get; }

    /// <summary>How many triplets every mask would leave at least; 0 for none.</summary>
    public int MinimumRank { get; }

    /// <summary>How many triplets every mask would leave at most; null for any number.</summary>
    public int? MaximumRank { get; }

    /// <summary>Numerator of the scale; the initial rank if the options say 0.</summary>
    public double Alpha { get; }

    /// <summary>The factor of the adapter's product: alpha / (initial rank + 1e-5).</summary>
    public double Scale { get; }

    /// <summary>How the adapter would be attached.</summary>
    public AttachmentMethod Attachment { get; }

    /// <summary>Why it would not replace its layer; empty if it would.</summary>
    public string AttachmentReason { get; }

    /// <summary>Parameters of the adapter at the start: rank · (out + in + 1).</summary>
    public long Parameters => InitialRank * TripletSize;

    internal long TripletSize => OutFeatures + InFeatures + 1;
}
