namespace AdaLora.Bank;

/// <summary>Something that has the layout of a bank, or is bound to its memory, and must change with it.</summary>
internal interface IBankFollower
{
    /// <summary>Adds its steps to a change. Nothing may be changed yet; a follower that cannot follow must throw now.</summary>
    void Follow(BankChange change, Transition steps);
}
