namespace AdaLora.Targeting;

/// <summary>
/// A model with tables that have a row for each word of a vocabulary, and that may have been resized since it was loaded. Adapters of a resized model are saved with these tables, as PEFT does, and
/// saved tables are loaded with their adapter.
/// </summary>
public interface IVocabulary
{
    /// <summary>The names of the parameters and buffers with a row for each word: the embeddings, and those of a head that are not the same.</summary>
    IReadOnlyList<string> VocabularyTables { get; }

    /// <summary>Names under which files may repeat one of them, because a head is tied to it.</summary>
    IReadOnlyList<string> RepeatedTables { get; }

    /// <summary>Whether the tables have another size than those that were loaded.</summary>
    bool IsVocabularyResized { get; }
}
