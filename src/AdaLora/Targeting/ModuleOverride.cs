namespace AdaLora.Targeting;

/// <summary>What one module uses instead of the general options; null means the general value.</summary>
internal readonly record struct ModuleOverride
{
    /// <summary>The initial rank.</summary>
    public int? InitialRank { get; init; }

    /// <summary>The numerator of the scale.</summary>
    public double? Alpha { get; init; }

    /// <summary>How adapters are attached.</summary>
    public AttachmentMethod? Attachment { get; init; }

    /// <summary>How many triplets every mask leaves at least.</summary>
    public int? MinimumRank { get; init; }

    /// <summary>How many triplets every mask leaves at most.</summary>
    public int? MaximumRank { get; init; }

    /// <summary>These values, and those of <paramref name="general"/> where there is none.</summary>
    public ModuleOverride Over(ModuleOverride general) => new()
    {
        InitialRank = InitialRank ?? general.InitialRank,
        Alpha = Alpha ?? general.Alpha,
        Attachment = Attachment ?? general.Attachment,
        MinimumRank = MinimumRank ?? general.MinimumRank,
        MaximumRank = MaximumRank ?? general.MaximumRank,
    };

    /// <summary>The values in words.</summary>
    public override string ToString()
    {
        string?[] given =
        [
            InitialRank is { } rank ? $"rank {rank}" : null,
            Alpha is { } alpha ? FormattableString.Invariant($"alpha {alpha}") : null,
            Attachment is { } attachment ? $"attachment {attachment}" : null,
            MinimumRank is { } least ? $"at least {least}" : null,
            MaximumRank is { } most ? $"at most {most}" : null,
        ];
        return string.Join(", ", given.OfType<string>());
    }
}
