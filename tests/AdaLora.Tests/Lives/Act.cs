namespace AdaLora.Tests.Lives;

/// <summary>What may be done to adapters.</summary>
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
