namespace AdaLora.Targeting;

/// <summary>How a module's name was selected, weakest first; two selections that agree are as strong as the stronger one.</summary>
internal enum NameMatch
{
    /// <summary>Not selected.</summary>
    None,

    /// <summary>Selected because everything is: only the kind of module decides.</summary>
    ByKind,

    /// <summary>Selected by a glob or regular expression, which may describe a whole region of the model.</summary>
    ByRegion,

    /// <summary>Selected by a suffix, which names individual layers: what it matches must be adaptable.</summary>
    ByName,
}
