namespace AdaLora.Tests.Lives;

/// <summary>The actions that are possible on adapters.</summary>
internal enum Act
{
    Step,
    StepWithPartsCutOff,
    AccumulateOnly,
    Evaluate,
    Keep,
    Restore,
    Finish,
    Compact,
    CompactWithRefusal,
    SaveAndLoad,
    Resume,
    Merge,
    SelectOther,
    SelectNone,
    Detach,
    Move,
}
