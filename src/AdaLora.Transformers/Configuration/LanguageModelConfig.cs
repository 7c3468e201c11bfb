using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of every model that writes text says, under the names of the Hugging Face hub. Entries that have no property here are kept and written again.</summary>
public abstract record LanguageModelConfig : ModelConfig
{
    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected LanguageModelConfig()
    {
    }

    private protected LanguageModelConfig(ConfigEntries entries)
        : base(entries)
    {
        TiesWordEmbeddings = entries.Flag("tie_word_embeddings", TiesWordEmbeddings);
        BeginId = entries.Integer("bos_token_id", BeginId);
        EndIds = entries.Integers("eos_token_id", EndIds);
        PadId = entries.Integer("pad_token_id", PadId);
    }

    /// <summary>Whether words are scored by the matrix of word embeddings; otherwise the head has its own matrix.</summary>
    public virtual bool TiesWordEmbeddings { get; init; } = true;

    /// <summary>The token id that texts begin with; null for none.</summary>
    public virtual int? BeginId { get; init; }

    /// <summary>The token ids any of which ends a text; empty for none.</summary>
    public virtual IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>The token id of padding; null for none.</summary>
    public virtual int? PadId { get; init; }

    /// <summary>The name of the matrix of word embeddings, after the model's own prefix.</summary>
    internal abstract string WordsName { get; }

    /// <summary>The standard deviation of the first values of a matrix.</summary>
    internal virtual double FirstDeviation(string name) => InitializerRange;

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json["tie_word_embeddings"] = TiesWordEmbeddings;
        // Null where there is none: an entry that is missing has the family's default.
        json["bos_token_id"] = BeginId;
        json["eos_token_id"] = EndIds.Count switch { 0 => null, 1 => EndIds[0], _ => new JsonArray([.. EndIds.Select(id => (JsonNode)id)]) };
        json["pad_token_id"] = PadId;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(BeginId is null or >= 0, $"bos_token_id {BeginId} is negative");
        faults.Require(EndIds.All(id => id >= 0), $"eos_token_id {string.Join(", ", EndIds)} is negative");
        faults.Require(PadId is null or >= 0, $"pad_token_id {PadId} is negative");
    }
}
