namespace AdaLora.Glue.Demo.Grammar;

/// <summary>The verbal part of a clause: which auxiliary there is, and with it which form the verb has.</summary>
internal enum VerbFrame
{
    /// <summary>"sees", "see".</summary>
    SimplePresent,

    /// <summary>"saw".</summary>
    SimplePast,

    /// <summary>"has seen", "have seen".</summary>
    Perfect,

    /// <summary>"is seeing", "are seeing".</summary>
    Progressive,

    /// <summary>"will see", "can see".</summary>
    Modal,

    /// <summary>"does not see", "do not see".</summary>
    Negated,

    /// <summary>"has never seen", "have never seen".</summary>
    NeverPerfect,

    /// <summary>"has ... ever seen ?": in questions only.</summary>
    EverPerfect,
}
