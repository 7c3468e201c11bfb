namespace AdaLora.Transformers.Configuration;

/// <summary>When a beam search ends before the greatest length.</summary>
public enum EarlyStopping
{
    /// <summary>When no beam would beat the worst finished text if it ended at its current length: early_stopping false.</summary>
    WhenNoneLeads,

    /// <summary>As soon as there are as many finished texts as beams: early_stopping true.</summary>
    WhenEnough,

    /// <summary>When no beam could beat the worst finished text at any length: early_stopping "never".</summary>
    WhenNoneCanWin,
}
