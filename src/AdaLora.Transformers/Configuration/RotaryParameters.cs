using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>The rotary position embedding of a decoder: rope_parameters in config.json, or rope_theta and rope_scaling in older files.</summary>
public sealed record RotaryParameters
{
    private static readonly Dictionary<string, RotaryType> Types = new(StringComparer.Ordinal)
    {
        ["default"] = RotaryType.Default,
        ["linear"] = RotaryType.Linear,
        ["dynamic"] = RotaryType.Dynamic,
        ["yarn"] = RotaryType.Yarn,
        ["longrope"] = RotaryType.LongRope,
        ["llama3"] = RotaryType.Llama3,
    };

    /// <summary>How frequencies are stretched.</summary>
    public RotaryType Type { get; init; }

    /// <summary>The base θ: entry i of n rotates by position · θ^(-2i/n).</summary>
    public double Base { get; init; } = 10000;

    /// <summary>The part of each head that is rotated, from its first entry on; above 0 and at most 1.</summary>
    public double RotatedPart { get; init; } = 1;

    /// <summary>The stretching factor. <see cref="RotaryType.LongRope"/> derives it from the numbers of positions if it is null; the other types but the default need it.</summary>
    public double? Factor { get; init; }

    /// <summary>The number of positions of pre-training; null for the model's. Used by <see cref="RotaryType.Yarn"/>, <see cref="RotaryType.LongRope"/> and <see cref="RotaryType.Llama3"/>.</summary>
    public int? OriginalMaxPositions { get; init; }

    /// <summary>What sines and cosines are multiplied by with <see cref="RotaryType.Yarn"/> and <see cref="RotaryType.LongRope"/>; null for what their papers derive from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>With <see cref="RotaryType.Yarn"/>, frequencies that turn more often than this in the original positions are kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>With <see cref="RotaryType.Yarn"/>, frequencies that turn less often than this in the original positions are divided by the factor.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>With <see cref="RotaryType.Yarn"/>, the weight of the factor's logarithm in the numerator of the attention factor; null for the usual formula.</summary>
    public double? MagnitudeScale { get; init; }

    /// <summary>The same in the denominator.</summary>
    public double? MagnitudeScaleOfAll { get; init; }

    /// <summary>Whether the limits between kept and divided frequencies of <see cref="RotaryType.Yarn"/> are rounded to whole entries.</summary>
    public bool RoundsLimits { get; init; } = true;

    /// <summary>With <see cref="RotaryType.Llama3"/>, wavelengths above the original positions divided by this are stretched in full.</summary>
    public double? LowFrequencyFactor { get; init; }

    /// <summary>With <see cref="RotaryType.Llama3"/>, wavelengths below the original positions divided by this are kept.</summary>
    public double? HighFrequencyFactor { get; init; }

    /// <summary>With <see cref="RotaryType.LongRope"/>, the divisor of each frequency for texts of up to the original number of positions.</summary>
    public IReadOnlyList<double>? ShortFactors { get; init; }

    /// <summary>The same for longer texts.</summary>
    public IReadOnlyList<double>? LongFactors { get; init; }

    /// <summary>Whether the frequencies depend on the length of the texts.</summary>
    internal bool DependsOnLength => Type is RotaryType.Dynamic or RotaryType.LongRope;

    /// <summary>Reads one object of config.json.</summary>
    /// <param name="entries">The object.</param>
    /// <param name="fallback">What holds for entries that it lacks.</param>
    /// <param name="typeOf">The type for a name, null for an unknown one.</param>
    internal static RotaryParameters Read(ConfigEntries entries, RotaryParameters fallback, Func<string, RotaryType?>? typeOf = null)
    {
        var name = entries.Text("rope_type", entries.Text("type", "default"));
        var type = (typeOf ?? TypeOf)(name);
        entries.Require(type is not null, $"rope_type '{name}' is not supported (supported: {string.Join(", ", Types.Keys)})");
        var read = new RotaryParameters
        {
            Type = type ?? RotaryType.Default,
            Base = entries.Number("rope_theta", fallback.Base),
            RotatedPart = entries.Number("partial_rotary_factor", fallback.RotatedPart),
            Factor = entries.Number("factor", (double?)null),
            OriginalMaxPositions = entries.Integer("original_max_position_embeddings", fallback.OriginalMaxPositions),
            AttentionFactor = entries.Number("attention_factor", (double?)null),
            BetaFast = entries.Number("beta_fast", 32),
            BetaSlow = entries.Number("beta_slow", 1),
            MagnitudeScale = entries.Number("mscale", (double?)null),
            MagnitudeScaleOfAll = entries.Number("mscale_all_dim", (double?)null),
            RoundsLimits = entries.Flag("truncate", true),
            LowFrequencyFactor = entries.Number("low_freq_factor", (double?)null),
            HighFrequencyFactor = entries.Number("high_freq_factor", (double?)null),
            ShortFactors = entries.Numbers("short_factor"),
            LongFactors = entries.Numbers("long_factor"),
        };
        entries.RefuseRest();
        return read;
    }

    /// <summary>The type of a name in config.json, or null.</summary>
    internal static RotaryType? TypeOf(string name) => Types.TryGetValue(name, out var type) ? type : null;

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["rope_type"] = Types.Single(type => type.Value == Type).Key, ["rope_theta"] = Base };
        if (RotatedPart != 1)
            json["partial_rotary_factor"] = RotatedPart;
        if (Type is RotaryType.Yarn)
        {
            json["beta_fast"] = BetaFast;
            json["beta_slow"] = BetaSlow;
            json["truncate"] = RoundsLimits;
        }

        Add("factor", Factor);
        Add("original_max_position_embeddings", OriginalMaxPositions);
        Add("attention_factor", AttentionFactor);
        Add("mscale", MagnitudeScale);
        Add("mscale_all_dim", MagnitudeScaleOfAll);
        Add("low_freq_factor", LowFrequencyFactor);
        Add("high_freq_factor", HighFrequencyFactor);
        Add("short_factor", ListOf(ShortFactors));
        Add("long_factor", ListOf(LongFactors));
        return json;

        void Add(string name, JsonNode? value)
        {
            if (value is not null)
                json[name] = value;
        }

        static JsonArray? ListOf(IReadOnlyList<double>? numbers) => numbers is null ? null : [.. numbers.Select(number => (JsonNode)number)];
    }

    /// <summary>Adds what makes the parameters unusable for heads of a size.</summary>
    internal void AddFaults(ConfigFaults faults, int headSize)
    {
        var rotated = RotatedSize(headSize);
        faults.Require(double.IsFinite(Base) && Base > 0, $"rope_theta {Base} is not finite and above 0");
        faults.Require(RotatedPart is > 0 and <= 1, $"partial_rotary_factor is {RotatedPart}; it must be above 0 and at most 1");
        faults.Require(rotated > 0 && rotated % 2 == 0, $"{rotated} entries of each head would be rotated; the number must be even and above 0");
        faults.Require(OriginalMaxPositions is null or > 0, $"original_max_position_embeddings is {OriginalMaxPositions}; it must be above 0");
        if (Type is not (RotaryType.Default or RotaryType.LongRope) || Factor is not null)
            faults.Require(Factor is { } factor && double.IsFinite(factor) && factor > 0, $"rope scaling has the factor {(Factor is null ? "null" : $"{Factor}")}; it must be above 0");
        faults.Require(AttentionFactor is null || (AttentionFactor > 0 && double.IsFinite(AttentionFactor.Value)), $"attention_factor is {AttentionFactor}; it must be above 0");
        foreach (var (name, scale) in ((string, double?)[])[("mscale", MagnitudeScale), ("mscale_all_dim", MagnitudeScaleOfAll)])
            faults.Require(scale is null || (scale >= 0 && double.IsFinite(scale.Value)), $"{name} is {scale}; it must not be negative");
        if (Type is RotaryType.Dynamic)
            faults.Require(rotated != 2, "rope_type dynamic needs more than 2 rotated entries in each head");
        if (Type is RotaryType.Llama3)
        {
            faults.Require(
                LowFrequencyFactor > 0 && HighFrequencyFactor > LowFrequencyFactor,
                $"low_freq_factor {LowFrequencyFactor} must be above 0, and high_freq_factor {HighFrequencyFactor} above it");
        }

        // Their logarithms divide.
        faults.Require(Type is not RotaryType.Yarn || Base > 1, $"rope_theta {Base} must be above 1 with yarn");
        faults.Require(Type is not RotaryType.LongRope || OriginalMaxPositions is not 1, "original_max_position_embeddings must be above 1 with longrope");
        if (Type is RotaryType.Yarn)
            faults.Require(BetaSlow > 0 && BetaFast >= BetaSlow, $"beta_slow {BetaSlow} must be above 0, and beta_fast {BetaFast} not below it");
        if (Type is RotaryType.LongRope)
        {
            RequireDivisors(faults, "short_factor", ShortFactors, rotated / 2);
            RequireDivisors(faults, "long_factor", LongFactors, rotated / 2);
        }
    }

    /// <summary>How many entries of a head are rotated.</summary>
    internal int RotatedSize(int headSize) => (int)(headSize * RotatedPart);

    private static void RequireDivisors(ConfigFaults faults, string name, IReadOnlyList<double>? divisors, int count) =>
        faults.Require(divisors?.Count == count && divisors.All(divisor => divisor > 0), $"{name} must hold {count} numbers above 0, half as many as entries of a head that are rotated");
}
